using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public sealed class ProxyProtocolTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly byte[] Header = ProxyHeaders.Text("PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\n");

    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _problems = [];
    private string? _received;
    private EndPoint? _client;

    [Fact]
    public async Task WhatFollowsInTheSameSegmentReachesTheNextUntouched()
    {
        var connection = Connect();
        await SendAsync(connection, [.. Header, .. "first\r\nsecond"u8]);
        connection.HalfClose();
        await connection.Served;
        Assert.Equal(("first\r\nsecond", "192.0.2.7:4711"), (_received, _client?.ToString()));
        Assert.Empty(_problems);
    }

    [Fact]
    public async Task EverySplitPointComesToTheSame()
    {
        byte[] all = [.. Header, .. "abc"u8];
        for (var cut = 0; cut <= all.Length; cut++)
        {
            var connection = Connect();
            await SendAsync(connection, all[..cut]);
            await SendAsync(connection, all[cut..]);
            connection.HalfClose();
            await connection.Served;
            Assert.Equal(("abc", "192.0.2.7:4711"), (_received, _client?.ToString()));
        }
    }

    [Fact]
    public async Task WhatFollowsCountsAsUnread()
    {
        ReadOnlySequence<byte> seen = default;
        var connection = Connect(c =>
        {
            Assert.True(c.Transport.Input.TryRead(out var result)); // Without another byte from the client.
            seen = result.Buffer;
            return Task.CompletedTask;
        });
        await SendAsync(connection, [.. Header, .. "x"u8]);
        await connection.Served;
        Assert.Equal("x", Encoding.ASCII.GetString(seen));
    }

    [Theory]
    [InlineData(ProxyHeaders.Local)]
    [InlineData(ProxyHeaders.Proxied)]
    public async Task WhereTheProxySpeaksForItselfItsAddressStays(byte command)
    {
        var connection = Connect();
        await SendAsync(connection, ProxyHeaders.Binary(command, 0));
        connection.HalfClose();
        await connection.Served;
        Assert.Equal(("", $"{IPAddress.Loopback}:12345"), (_received, _client?.ToString()));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n", "it did not begin with a PROXY header")]
    [InlineData("PROXY TCP4 1 2 3 4\r\n", "its PROXY header is malformed")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n\u0021\u0011\u00FF\u00FF", "its PROXY header is longer than 4096 bytes")]
    public async Task AnythingElseIsClosedAtOnce(string bytes, string problem)
    {
        var connection = Connect();
        await SendAsync(connection, ProxyHeaders.Text(bytes));
        await connection.Served;
        Assert.Null(_received);
        Assert.Equal([problem], _problems);
    }

    [Fact]
    public async Task AStreamThatEndsInsideAHeaderIsRejected()
    {
        var connection = Connect();
        await SendAsync(connection, Header[..20]);
        connection.HalfClose();
        await connection.Served;
        Assert.Null(_received);
        Assert.Equal(["it ended inside its PROXY header"], _problems);
    }

    [Fact]
    public async Task AProbeThatSendsNothingIsNoProblem()
    {
        var ended = Connect();
        ended.HalfClose();
        await ended.Served;
        var reset = Connect();
        reset.Reset();
        await reset.Served;
        var aborted = Connect();
        aborted.Abort(new ConnectionAbortedException("The server stops."));
        await aborted.Served;
        Assert.Null(_received);
        Assert.Empty(_problems);
    }

    [Fact]
    public async Task ASlowHeaderIsClosedHoweverItTrickles()
    {
        var connection = Connect();
        for (var i = 0; i < 9; i++)
        {
            await SendAsync(connection, Header[i..(i + 1)]);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(connection.Served.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await connection.Served.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(["its PROXY header was not whole within 00:00:10"], _problems);
    }

    [Fact]
    public async Task AfterTheHeaderItsTimeIsOver()
    {
        var (taken, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var connection = Connect(async c =>
        {
            taken.SetResult();
            await go.Task;
            Assert.False(c.Transport.Input.TryRead(out _));
        });
        await SendAsync(connection, Header);
        await taken.Task;
        _time.Advance(2 * Timeout);
        go.SetResult();
        await connection.Served;
        Assert.Empty(_problems);
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "11.1.2.3", false)]
    [InlineData("::1/128", "::1", true)]
    [InlineData("0.0.0.0/0", null, false)]
    public async Task OnlyTrustedProxiesPass(string network, string? peer, bool passes)
    {
        bool passed = false, rejected = false;
        var builder = Builder();
        builder.UseTrustedProxies([IPNetwork.Parse(network)], _ => rejected = true);
        builder.Run(_ =>
        {
            passed = true;
            return Task.CompletedTask;
        });
        await builder.Build()(new InMemoryConnection
        {
            RemoteEndPoint = peer is null ? new UnixDomainSocketEndPoint("/run/x") : new IPEndPoint(IPAddress.Parse(peer), 1),
        });
        Assert.Equal((passes, !passes), (passed, rejected));
    }

    [Fact]
    public void NoProxyAtAllIsAMistake() => Assert.Throws<ArgumentException>(() => Builder().UseTrustedProxies([]));

    [Fact]
    public void AFloodOfRejectionsIsCountedAndNoFloodOfLines()
    {
        using var host = new SyncHost();
        var logs = new RecordingLogs();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(logs));
        using var rejections = new ConnectionRejections(host.Listener, _time, loggers.CreateLogger<ConnectionRejections>());
        for (var i = 0; i < 50; i++)
        {
            rejections.Untrusted(new InMemoryConnection());
            rejections.Reject(new InMemoryConnection(), "its header is wrong");
        }

        Assert.Equal(100, host.Listener.Rejected);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(
            [
                "Listener L: a connection from 127.0.0.1 is closed: TrustedProxies does not name it",
                "Listener L: a connection from 127.0.0.1 is closed: its header is wrong",
                "Listener L: 49 more connections from 127.0.0.1 were closed within 10 s: TrustedProxies does not name it",
                "Listener L: 49 more connections from 127.0.0.1 were closed within 10 s: its header is wrong",
            ],
            logs.Of(LogLevel.Warning).Select(l => l.Text), StringComparer.Ordinal);
    }

    private static ConnectionBuilder Builder() => new(new ServiceCollection().BuildServiceProvider());

    private static async Task SendAsync(InMemoryConnection connection, byte[] bytes) =>
        await connection.ToServer.WriteAsync(bytes, TestContext.Current.CancellationToken);

    private InMemoryConnection Connect(Func<ConnectionContext, Task>? next = null)
    {
        var builder = Builder();
        builder.UseProxyProtocol(Timeout, (_, problem) => _problems.Add(problem), _time);
        builder.Run(next ?? KeepAsync);
        var connection = new InMemoryConnection();
        connection.Served = builder.Build()(connection);
        return connection;
    }

    private async Task KeepAsync(ConnectionContext connection)
    {
        _client = connection.RemoteEndPoint;
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync(TestContext.Current.CancellationToken);
            if (read.IsCompleted)
            {
                _received = Encoding.ASCII.GetString(read.Buffer);
                return;
            }

            connection.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
