using System.Net.Sockets;

namespace SocketSync.Tests;

public sealed class ListenerTransportUnixSocketTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sync").FullName;

    private string FilePath => Path.Combine(_directory, "s");

    private UnixDomainSocketEndPoint Address => new(FilePath);

    [Fact]
    public async Task ClientsAreServedAndTheFileGoesWithTheListener()
    {
        await using var host = await ListenerTransportHost.OpenAsync(new ListenerOptions { UnixSocket = FilePath }, ListenerTransportHost.Echo);
        Assert.Equal("hello", await ListenerTransportClient.AskAsync(Address, "hello"));
        Assert.Null(host.Listeners.EndPoints[0].Port);
        Assert.Equal(FilePath, host.Listeners.EndPoints[0].LocalEndPoints[0].ToString());

        host.Listeners.Close();

        Assert.False(File.Exists(FilePath));
    }

    [Fact]
    public async Task AStaleFileIsReplaced()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere nothing is deleted");
        LeaveStaleFile();
        Assert.True(File.Exists(FilePath));

        await using var host = await ListenerTransportHost.OpenAsync(new ListenerOptions { UnixSocket = FilePath }, ListenerTransportHost.Echo);

        Assert.Equal("hello", await ListenerTransportClient.AskAsync(Address, "hello"));
    }

    [Fact]
    public void ALiveSocketIsRefusedAndStays()
    {
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(Address);
        other.Listen(1);

        // Also when its backlog is full, where a blocking connect would wait.
        for (var i = 0; i < 4; i++)
            Assert.Equal($"SocketSync:Listeners:A:UnixSocket: '{FilePath}': is already in use", Problem(FilePath));
        Assert.True(File.Exists(FilePath));
    }

    [Fact]
    public void WhatIsNotASocketIsRefusedAndNeverDeleted()
    {
        File.WriteAllText(FilePath, "precious");
        Assert.Equal($"SocketSync:Listeners:A:UnixSocket: '{FilePath}': exists and is not a socket", Problem(FilePath));
        Assert.Equal("precious", File.ReadAllText(FilePath));

        Assert.Equal($"SocketSync:Listeners:A:UnixSocket: '{_directory}': exists and is not a socket", Problem(_directory));
    }

    [Fact]
    public void ALinkToASocketIsNotDeleted()
    {
        LeaveStaleFile();
        var link = Path.Combine(_directory, "link");
        File.CreateSymbolicLink(link, FilePath);
        Assert.Equal($"SocketSync:Listeners:A:UnixSocket: '{link}': exists and is not a socket", Problem(link));
        Assert.True(File.Exists(FilePath));
    }

    [Fact]
    public void ABadPathIsToldInOneLine()
    {
        var missing = Path.Combine(_directory, "no", "s");
        Assert.Equal($"SocketSync:Listeners:A:UnixSocket: '{missing}': its directory does not exist", Problem(missing));
        var tooLong = Path.Combine(_directory, new string('x', 120));
        Assert.Contains("too long", Problem(tooLong), StringComparison.Ordinal);
    }

    [Fact]
    public void TwoListenersOfOneConfigurationCannotShareAPath()
    {
        var problems = ListenerTransportHost.Problems(
            ("A", new ListenerOptions { UnixSocket = FilePath }), ("B", new ListenerOptions { UnixSocket = FilePath }));
        Assert.Equal([$"SocketSync:Listeners:B:UnixSocket: '{FilePath}': is already in use"], problems);
        Assert.False(File.Exists(FilePath));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static string Problem(string path) =>
        Assert.Single(ListenerTransportHost.Problems(("A", new ListenerOptions { UnixSocket = path })));

    /// <summary>.NET removes the file of a socket it disposes: it is moved away and back.</summary>
    private void LeaveStaleFile()
    {
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(Address);
            File.Move(FilePath, FilePath + ".kept");
        }

        File.Move(FilePath + ".kept", FilePath);
    }
}
