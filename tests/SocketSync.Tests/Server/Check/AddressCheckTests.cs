using System.Net;
using System.Net.Sockets;

namespace SocketSync.Tests;

/// <summary>What <c>check</c> says of the addresses: a place that is taken may be the running server's own.</summary>
public sealed class AddressCheckTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-");
    private readonly TcpListener _holder = new(IPAddress.Loopback, 0);

    public AddressCheckTests() => _holder.Start();

    private int Taken => ((IPEndPoint)_holder.LocalEndpoint).Port;

    private string Socket => Path.Combine(_directory.FullName, "s");

    public void Dispose()
    {
        _holder.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void WhereAllIsFreeThereIsNothingToSay() => AssertFound(Find("SocketSync:Listeners:Default:Port=0 urls=http://127.0.0.1:0"));

    [Fact]
    public void APortThatIsTakenIsBusy()
    {
        var found = Find($"SocketSync:Listeners:Default:Address=127.0.0.1 SocketSync:Listeners:Default:Port={Taken} urls=http://127.0.0.1:0");
        AssertFound(found, busy: $"SocketSync:Listeners:Default:Port: '{Taken}': 127.0.0.1:{Taken} is already in use");
    }

    [Fact]
    public void SoIsThatOfHttp() =>
        AssertFound(Find($"SocketSync:Listeners:Default:Port=0 urls=http://127.0.0.1:{Taken}"), busy: $"urls: 'http://127.0.0.1:{Taken}': 127.0.0.1:{Taken} is already in use");

    [Fact]
    public void AnAddressOfAnotherMachineIsAProblem() => AssertFound(
        Find("SocketSync:Listeners:Default:Address=192.0.2.7 SocketSync:Listeners:Default:Port=0 urls=http://127.0.0.1:0"),
        problem: "SocketSync:Listeners:Default:Address: '192.0.2.7': is not an address of this machine");

    [Fact]
    public void AFileInThePlaceOfASocketIsAProblem()
    {
        File.WriteAllText(Socket, "kept");
        AssertFound(Find($"SocketSync:Listeners:Default:UnixSocket={Socket} urls=http://127.0.0.1:0"), problem: $"SocketSync:Listeners:Default:UnixSocket: '{Socket}': exists and is not a socket");
        Assert.Equal("kept", File.ReadAllText(Socket));
    }

    [Fact]
    public void AFolderThatIsNotThereIsAProblem() => AssertFound(
        Find("SocketSync:Listeners:Default:UnixSocket=/nowhere/s urls=http://127.0.0.1:0"), problem: "SocketSync:Listeners:Default:UnixSocket: '/nowhere/s': its directory does not exist");

    /// <summary>Neither is a socket made, nor the one of an earlier run removed.</summary>
    [Fact]
    public void TheFileSystemStaysAsItIs()
    {
        AssertFound(Find($"SocketSync:Listeners:Default:UnixSocket={Socket} urls=http://127.0.0.1:0"));
        Assert.False(Path.Exists(Socket));

        using (var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            server.Bind(new UnixDomainSocketEndPoint(Socket));
            server.Listen();
            AssertFound(Find($"SocketSync:Listeners:Default:UnixSocket={Socket} urls=http://127.0.0.1:0"), busy: $"SocketSync:Listeners:Default:UnixSocket: '{Socket}': is already in use");
            Assert.True(Path.Exists(Socket));
        }
    }

    [Fact]
    public void TwoListenersOfOneSocketAreAProblem() => AssertFound(
        Find($"SocketSync:Listeners:Default:UnixSocket={Socket} SocketSync:Listeners:B:UnixSocket={_directory.FullName}/./s SocketSync:Listeners:B:Resource=Default urls=http://127.0.0.1:0"),
        problem: $"SocketSync:Listeners:Default:UnixSocket: '{Socket}': is already in use");

    private static AddressFindings Find(string keys) => AddressCheck.Find(ConfigurationText.Host($"SocketSync:Resources:Default:Processor=Echo {keys}"), message => message);

    private static void AssertFound(AddressFindings found, string? problem = null, string? busy = null)
    {
        Assert.Equal(problem is null ? [] : [problem], found.Problems, StringComparer.Ordinal);
        Assert.Equal(busy is null ? [] : [busy], found.Busy, StringComparer.Ordinal);
    }
}
