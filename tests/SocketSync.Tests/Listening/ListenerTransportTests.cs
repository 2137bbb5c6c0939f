using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public class ListenerTransportTests
{
    [Fact]
    public async Task LocalhostIsServedOnBothAddressesAndHttpStaysKestrels()
    {
        await using var host = await ListenerTransportHost.OpenAsync(new ListenerOptions { Port = 0 }, ListenerTransportHost.Echo);

        Assert.Equal("hello", await ListenerTransportClient.AskAsync(new IPEndPoint(IPAddress.Loopback, host.Port), "hello"));
        if (Socket.OSSupportsIPv6)
            Assert.Equal("again", await ListenerTransportClient.AskAsync(new IPEndPoint(IPAddress.IPv6Loopback, host.Port), "again"));
        Assert.Equal("http", await host.AskHttpAsync());
    }

    [Fact]
    public async Task AnyAddressServesBothFamilies()
    {
        await using var host = await ListenerTransportHost.OpenAsync(new ListenerOptions { Address = "*", Port = 0 }, ListenerTransportHost.Echo);

        Assert.Equal("v4", await ListenerTransportClient.AskAsync(new IPEndPoint(IPAddress.Loopback, host.Port), "v4"));
        if (Socket.OSSupportsIPv6)
            Assert.Equal("v6", await ListenerTransportClient.AskAsync(new IPEndPoint(IPAddress.IPv6Loopback, host.Port), "v6"));
    }

    [Fact]
    public async Task NobodyIsLetInBeforeOpenOrAfterClose()
    {
        await using var host = await ListenerTransportHost.StartAsync(new ListenerOptions { Port = 0 }, ListenerTransportHost.Echo);
        var address = new IPEndPoint(IPAddress.Loopback, host.Port);

        await Assert.ThrowsAsync<SocketException>(() => ListenerTransportClient.AskAsync(address, "early"));
        host.Listeners.Listen();
        host.Listeners.Open();
        Assert.Equal("now", await ListenerTransportClient.AskAsync(address, "now"));
        host.Listeners.Close();
        host.Listeners.Close();
        await Assert.ThrowsAsync<SocketException>(() => ListenerTransportClient.AskAsync(address, "late"));
        Assert.Equal("http", await host.AskHttpAsync());
    }

    [Fact]
    public async Task ClientsThatAreInStayWhenTheListenerCloses()
    {
        await using var host = await ListenerTransportHost.OpenAsync(new ListenerOptions { Port = 0 }, ListenerTransportHost.Echo);
        using var client = await ListenerTransportClient.ConnectAsync(host.Port);
        await client.SendAsync("a");
        Assert.Equal("a", await client.ReadAsync());

        host.Listeners.Close();

        await client.SendAsync("b");
        Assert.Equal("b", await client.ReadAsync());
    }

    [Fact]
    public async Task AcceptEndsAtOnceWhenClosed()
    {
        var (listener, endPoint, _) = Create();
        await using var _ = listener;
        var accept = ListenerTransportClient.TakeAsync(listener);
        Assert.False(accept.IsCompleted);

        endPoint.Close();

        Assert.Null(await accept);
        Assert.Null(await ListenerTransportClient.TakeAsync(listener));
    }

    [Fact]
    public async Task AcceptEndsWhenClosedBeforeItWasEverOpened()
    {
        var (listener, endPoint, _) = Create(open: false);
        var accept = ListenerTransportClient.TakeAsync(listener);
        endPoint.Close();
        Assert.Null(await accept);
        await listener.DisposeAsync().AsTask().WaitAsync(ListenerTransportClient.Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task WithoutDescriptorsItPausesTellsOnceAndRecovers()
    {
        var time = new FakeTimeProvider();
        using var attempts = new SemaphoreSlim(0);
        var failures = 5;
        var (listener, endPoint, logs) = Create(time: time, accept: async socket =>
        {
            attempts.Release();
            if (Interlocked.Decrement(ref failures) >= 0)
                throw new SocketException((int)SocketError.TooManyOpenSockets);
            return await socket.AcceptAsync();
        });
        await using var _ = listener;

        for (var i = 0; i < 5; i++)
        {
            Assert.True(await attempts.WaitAsync(ListenerTransportClient.Limit, TestContext.Current.CancellationToken));
            await WaitForTimerAsync(time, attempts);
        }

        using var client = await ListenerTransportClient.ConnectAsync(endPoint.LocalEndPoints[0]);
        await using var connection = await ListenerTransportClient.TakeAsync(listener);
        Assert.NotNull(connection);
        var warning = Assert.Single(logs.Of(LogLevel.Warning));
        Assert.Contains("Listener Test", warning.Text, StringComparison.Ordinal);
        Assert.Null(warning.Error);
    }

    [Fact]
    public async Task WithoutDescriptorsItDoesNotTryAgainBeforeItsPauseIsOver()
    {
        var time = new FakeTimeProvider();
        using var attempts = new SemaphoreSlim(0);
        var (listener, endPoint, _) = Create(time: time, accept: _ =>
        {
            attempts.Release();
            throw new SocketException((int)SocketError.TooManyOpenSockets);
        });
        await using var _ = listener;

        Assert.True(await attempts.WaitAsync(ListenerTransportClient.Limit, TestContext.Current.CancellationToken));
        time.Advance(AcceptBackoff.Length - TimeSpan.FromMilliseconds(1));
        Assert.False(await attempts.WaitAsync(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken));
        endPoint.Close();
        Assert.Null(await ListenerTransportClient.TakeAsync(listener));
    }

    [Fact]
    public async Task OneClientsTroubleCostsNoPauseAndAnythingElseDoesNotEndTheLoop()
    {
        var time = new FakeTimeProvider();
        var attempt = 0;
        var (listener, endPoint, logs) = Create(time: time, accept: async socket => Interlocked.Increment(ref attempt) switch
        {
            1 => throw new SocketException((int)SocketError.ConnectionAborted),
            2 => throw new SocketException((int)SocketError.ConnectionReset),
            _ => await socket.AcceptAsync(),
        });
        await using var _ = listener;

        using var client = await ListenerTransportClient.ConnectAsync(endPoint.LocalEndPoints[0]);
        await using var connection = await ListenerTransportClient.TakeAsync(listener);
        Assert.NotNull(connection);
        Assert.Empty(logs.Of(LogLevel.Warning));
    }

    [Fact]
    public async Task AnyOtherExceptionIsSurvived()
    {
        var failures = 2;
        var (listener, endPoint, _) = Create(accept: async socket => Interlocked.Decrement(ref failures) >= 0
            ? throw new InvalidOperationException("anything at all")
            : await socket.AcceptAsync());
        await using var _ = listener;

        using var client = await ListenerTransportClient.ConnectAsync(endPoint.LocalEndPoints[0]);
        await using var connection = await ListenerTransportClient.TakeAsync(listener);
        Assert.NotNull(connection);
    }

    [Fact]
    public async Task TheLastDescriptorsAreKeptFreeOfClients()
    {
        var (listener, endPoint, logs) = Create(descriptors: new DescriptorReserve(limit: 1));
        await using var _ = listener;
        using var rejected = new SemaphoreSlim(0);
        endPoint.Rejected = () => rejected.Release();

        for (var i = 0; i < 3; i++)
        {
            using var client = await ListenerTransportClient.ConnectAsync(endPoint.LocalEndPoints[0]);
            Assert.Equal("", await client.ReadAsync()); // an end, no reset
            Assert.True(await rejected.WaitAsync(ListenerTransportClient.Limit, TestContext.Current.CancellationToken));
        }

        Assert.Contains("file descriptors", Assert.Single(logs.Of(LogLevel.Warning)).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(256, 248, 252, 124)]
    [InlineData(1024, 992, 1008, 496)]
    [InlineData(100, 97, 99, 48)]
    [InlineData(1, 1, 1, 1)]
    [InlineData(long.MaxValue, long.MaxValue - 64, long.MaxValue - 32, 4096)]
    public void TheReserveIsOneInThirtyTwoAndAtMost64AndHalfOfItForHttp(long limit, long first, long firstBeyondHttp, int httpConnections)
    {
        var reserve = new DescriptorReserve(limit);
        Assert.Equal((first, firstBeyondHttp), (reserve.First, reserve.FirstBeyondHttp));
        Assert.Equal(httpConnections, HttpConnectionLimit.MaximumFor(reserve));
    }

    [Fact]
    public void TheLimitOfThisProcessIsKnownOnLinux()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        Assert.InRange(DescriptorReserve.OfThisProcess.Limit, 1, long.MaxValue - 1);
    }

    [Fact]
    public async Task ConnectionsAcceptedButNotTakenAreClosedWithTheListener()
    {
        var (listener, endPoint, _) = Create();
        using var client = await ListenerTransportClient.ConnectAsync(endPoint.LocalEndPoints[0]);

        endPoint.Close();

        Assert.Null(await ListenerTransportClient.TakeAsync(listener));
        await listener.DisposeAsync().AsTask().WaitAsync(ListenerTransportClient.Limit, TestContext.Current.CancellationToken);
        try
        {
            Assert.Equal("", await client.ReadAsync());
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode); // it was still in the kernel's queue
        }
    }

    private static (AcceptingListener Listener, ListenerEndPoint EndPoint, RecordingLogs Logs) Create(
        bool open = true, TimeProvider? time = null, DescriptorReserve? descriptors = null, Func<Socket, ValueTask<Socket>>? accept = null)
    {
        var bound = ListenerTransportHost.Bind(("Test", new ListenerOptions { Address = "127.0.0.1", Port = 0 }));
        var logs = new RecordingLogs();
        if (open)
        {
            bound.Listen();
            bound.Open();
        }

        var logger = logs.CreateLogger("");
        var contexts = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), logger);
        var listener = new AcceptingListener(
            bound.EndPoints[0], contexts.Create, descriptors ?? new DescriptorReserve(long.MaxValue), time ?? TimeProvider.System, logger, accept);
        return (listener, bound.EndPoints[0], logs);
    }

    /// <summary>Lets the pause pass, whose timer may be about to be set on another thread.</summary>
    private static async Task WaitForTimerAsync(FakeTimeProvider time, SemaphoreSlim next)
    {
        for (var waited = 0; next.CurrentCount == 0 && waited < 2000; waited++)
        {
            time.Advance(AcceptBackoff.Length);
            await Task.Delay(1);
        }
    }
}
