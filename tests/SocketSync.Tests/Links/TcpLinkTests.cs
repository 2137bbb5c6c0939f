using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.Tests;

public sealed class TcpLinkTests : IDisposable
{
    private readonly TcpListener _device = new(IPAddress.Loopback, 0);

    public TcpLinkTests() => _device.Start();

    private int Port => ((IPEndPoint)_device.LocalEndpoint).Port;

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("192.0.2.10", "tcp 192.0.2.10:502")]
    [InlineData("::1", "tcp [::1]:502")]
    [InlineData("[::1]", "tcp [::1]:502")]
    [InlineData("inverter.example", "tcp inverter.example:502")]
    public void ItIsNamedAsPeopleWriteIt(string host, string expected) =>
        Assert.Equal(expected, new TcpLink(new() { Host = host, Port = 502 }).Description);

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    public async Task BytesGoBothWays(string host)
    {
        await using var link = await OpenAsync(host);
        using var device = await AcceptAsync();

        await link.SendAsync("question");
        Assert.Equal("question", await ReceiveAsync(device, 8));
        await device.SendAsync("answer"u8.ToArray(), LinkTesting.Token);
        await link.ExpectAsync("answer");
    }

    [Fact]
    public async Task ADeviceOfTheOtherFamilyIsReachedByItsAddress()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6");
        using var device = new TcpListener(IPAddress.IPv6Loopback, 0);
        device.Start();
        await using var link = await new TcpLink(new() { Host = "[::1]", Port = ((IPEndPoint)device.LocalEndpoint).Port }).OpenAsync(LinkTesting.Token);
        using var accepted = await device.AcceptSocketAsync(LinkTesting.Token);
        await accepted.SendAsync("x"u8.ToArray(), LinkTesting.Token);
        await link.ExpectAsync("x");
    }

    /// <summary>The system sends also for a process that is stopped: for a shared device, no longer than the lease lasts (TCP_USER_TIMEOUT).</summary>
    [Fact]
    public async Task AConnectionWhosePeerTakesNothingIsGivenUpInTime()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "TCP_USER_TIMEOUT is Linux's");
        _device.Server.ReceiveBufferSize = 4096; // of those that are accepted from now on
        var options = new TcpLinkOptions { Host = "127.0.0.1", Port = Port };
        await using var shared = await new TcpLink(options, giveUpAfter: TimeSpan.FromMilliseconds(500)).OpenAsync(LinkTesting.Token);
        using var deaf = await AcceptAsync();
        await using var own = await new TcpLink(options).OpenAsync(LinkTesting.Token);
        using var alsoDeaf = await AcceptAsync();
        var bytes = new byte[64 << 20];
        var ownWrite = own.Output.WriteAsync(bytes, LinkTesting.Token).AsTask();
        var sharedWrite = shared.Output.WriteAsync(bytes, LinkTesting.Token).AsTask();
        Assert.False(sharedWrite.IsCompleted);

        await shared.ExpectEndOrLossAsync();
        await sharedWrite.Soon();
        Assert.False(ownWrite.IsCompleted);
        Assert.False(own.Input.TryRead(out _));
    }

    [Fact]
    public async Task WhatADeviceSendsIsReadAheadOfAnyRead()
    {
        await using var link = await OpenAsync();
        using var device = await AcceptAsync();
        await device.SendAsync("unasked"u8.ToArray(), LinkTesting.Token);
        await LinkTesting.UntilAsync(() => link.Input.TryRead(out var seen) && Examine(seen) == 7, "the bytes' arrival");

        long Examine(System.IO.Pipelines.ReadResult result)
        {
            link.Input.AdvanceTo(result.Buffer.Start);
            return result.Buffer.Length;
        }
    }

    [Fact]
    public async Task ADeviceThatClosesEndsTheInput()
    {
        await using var link = await OpenAsync();
        using (var device = await AcceptAsync()) await device.SendAsync("bye"u8.ToArray(), LinkTesting.Token);
        await link.ExpectAsync("bye");
        await link.ExpectEndAsync();
    }

    [Fact]
    public async Task ADeviceThatResetsEndsTheInputWithAnException()
    {
        await using var link = await OpenAsync();
        (await AcceptAsync()).Close(timeout: 0);
        await link.ExpectLossAsync();
        await LinkTesting.UntilAsync(() => link.Output.WriteAsync("x"u8.ToArray(), LinkTesting.Token).AsTask().Result.IsCompleted, "a flush that tells of the loss");
    }

    [Fact]
    public async Task ADeviceThatRefusesIsToldInOneLine()
    {
        var port = Port;
        _device.Stop();
        var refused = await new TcpLink(new() { Host = "127.0.0.1", Port = port }).RefusedAsync();
        Assert.Equal($"tcp 127.0.0.1:{port}: connection refused", refused.Message);
    }

    [Fact]
    public async Task AHostThatDoesNotExistIsToldInOneLine() =>
        await new TcpLink(new() { Host = "no-such-host.invalid", Port = 1 }).RefusedAsync();

    [Fact]
    public async Task ADeviceThatNeverAcceptsCostsNoMoreThanTheCallersPatience()
    {
        // A full backlog: the system answers further attempts with silence.
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var options = new TcpLinkOptions { Host = "127.0.0.1", Port = ((IPEndPoint)full.LocalEndPoint!).Port };
        var open = new List<IOpenLink>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            for (var i = 0; i < 16; i++) open.Add(await new TcpLink(options).OpenAsync(patience.Token).Soon());
        });
        foreach (var link in open) await link.DisposeAsync();
    }

    [Fact]
    public async Task TheEndOfTheStreamIsPassedOnAndTheAnswerStillComes()
    {
        await using var link = await OpenAsync();
        using var device = await AcceptAsync();
        await link.SendAsync("all");
        await link.Output.CompleteAsync();
        Assert.Equal("all", await ReceiveAsync(device, 3));
        Assert.Equal(0, await device.ReceiveAsync(new byte[1], LinkTesting.Token).Soon());
        await device.SendAsync("thanks"u8.ToArray(), LinkTesting.Token);
        await link.ExpectAsync("thanks");
    }

    [Fact]
    public async Task ClosedInGoodOrderTheDeviceSeesAnEnd()
    {
        var link = await OpenAsync();
        using var device = await AcceptAsync();
        await link.SendAsync("last");
        Assert.Equal("last", await ReceiveAsync(device, 4));
        await LinkTesting.UntilAsync(() => !IsUnsent(link), "the acknowledgement");
        await link.DisposeAsync();
        await link.DisposeAsync();
        Assert.Equal(0, await device.ReceiveAsync(new byte[1], LinkTesting.Token).Soon());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatTheDeviceHasNotTakenIsNotSentAfterClosing(bool flushed)
    {
        var link = await OpenAsync();
        using var device = await AcceptAsync();
        const int Size = 1 << 24;
        var memory = link.Output.GetSpan(Size);
        memory[..Size].Clear();
        link.Output.Advance(Size);
        var flush = flushed ? link.Output.FlushAsync(LinkTesting.Token).AsTask() : null;
        Assert.False(flush?.IsCompleted ?? false);

        await link.DisposeAsync().Soon();

        if (flush is not null) Assert.True((await flush.Soon()).IsCompleted);
        var received = 0;
        var buffer = new byte[1 << 16];
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            int count;
            while ((count = await device.ReceiveAsync(buffer, LinkTesting.Token).Soon()) > 0) received += count;
        });
        Assert.InRange(received, 0, Size / 2);
    }

    [Fact]
    public async Task ClosingEndsAReadThatIsPending()
    {
        var link = await OpenAsync();
        using var device = await AcceptAsync();
        var read = link.Input.ReadAsync(LinkTesting.Token).AsTask();
        await link.DisposeAsync().Soon();
        await Record.ExceptionAsync(() => read.Soon());
        Assert.True(read.IsCompleted);
    }

    [Fact]
    public async Task ACertificateThatTheSystemDoesNotTrustIsRefused()
    {
        using var authority = new TlsTestAuthority();
        using var certificate = authority.Sign("localhost", TlsTestAuthority.ServerUsage);
        var opening = new TcpLink(new() { Host = "localhost", Port = Port, Tls = true }).RefusedAsync();
        using var device = await AcceptAsync();
        await using var tls = new SslStream(new NetworkStream(device));
        await Record.ExceptionAsync(() => tls.AuthenticateAsServerAsync(certificate));
        Assert.Contains("TLS: the remote certificate", (await opening).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithinTlsBytesAndEndsPassBothWays()
    {
        using var authority = new TlsTestAuthority();
        using var certificate = authority.Sign("localhost", TlsTestAuthority.ServerUsage);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, Port, LinkTesting.Token);
        var client = new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: false, (_, shown, _, _) => shown!.GetCertHashString() == certificate.GetCertHashString());
        using var device = await AcceptAsync();
        await using var tls = new SslStream(new NetworkStream(device));
        await Task.WhenAll(client.AuthenticateAsClientAsync("localhost"), tls.AuthenticateAsServerAsync(certificate)).Soon();
        await using var link = new OpenTlsLink(socket, client, "tcp localhost:1");

        await link.SendAsync("question");
        var buffer = new byte[8];
        await tls.ReadExactlyAsync(buffer, LinkTesting.Token).Soon();
        Assert.Equal("question", Encoding.Latin1.GetString(buffer));
        await link.Output.CompleteAsync();
        Assert.Equal(0, await tls.ReadAsync(buffer, LinkTesting.Token).Soon());
        await tls.WriteAsync("answer"u8.ToArray(), LinkTesting.Token);
        await link.ExpectAsync("answer");
        device.Close(timeout: 0);
        Assert.StartsWith("tcp localhost:1: ", (await link.ExpectLossAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ItsEndIsSeenThoughNobodyReads(bool reset)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, Port, LinkTesting.Token);
        var device = await AcceptAsync();
        Assert.False(TcpState.IsEnded(socket));
        if (reset) device.LingerState = new LingerOption(true, 0);
        device.Close();
        await LinkTesting.UntilAsync(() => TcpState.IsEnded(socket), "the end is seen");
    }

    private static bool IsUnsent(IOpenLink link)
    {
        var socket = typeof(OpenTcpLink).GetField("_socket", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!.GetValue(link);
        return TcpState.HasUnsent((Socket)socket!);
    }

    private async Task<IOpenLink> OpenAsync(string host = "127.0.0.1") =>
        await new TcpLink(new() { Host = host, Port = Port }).OpenAsync(default).Soon();

    private Task<Socket> AcceptAsync() => _device.AcceptSocketAsync(LinkTesting.Token).Soon();

    private static async Task<string> ReceiveAsync(Socket device, int count)
    {
        var buffer = new byte[count];
        await using var stream = new NetworkStream(device);
        await stream.ReadExactlyAsync(buffer, LinkTesting.Token).Soon();
        return Encoding.Latin1.GetString(buffer);
    }
}
