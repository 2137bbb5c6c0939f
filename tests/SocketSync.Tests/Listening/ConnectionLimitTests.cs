using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync.Tests;

public sealed class ConnectionLimitTests : IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().BuildServiceProvider();
    private int _rejected;

    [Fact]
    public async Task OverTheLimitIsRejectedUntilSomeoneLeaves()
    {
        var leave = new TaskCompletionSource();
        var pipeline = Build(2, _ => leave.Task);
        var first = pipeline(Connection());
        var second = pipeline(Connection());

        await pipeline(Connection());
        Assert.Equal(1, _rejected);
        Assert.False(first.IsCompleted || second.IsCompleted);

        leave.SetResult();
        await Task.WhenAll(first, second);
        await pipeline(Connection());
        Assert.Equal(1, _rejected);
    }

    [Fact]
    public async Task AFailedConnectionGivesItsPlaceBack()
    {
        var asynchronous = Build(1, async _ =>
        {
            await Task.Yield();
            throw new InvalidOperationException();
        });
        var synchronous = Build(1, _ => throw new InvalidOperationException());
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => asynchronous(Connection()));
            await Assert.ThrowsAsync<InvalidOperationException>(() => synchronous(Connection()));
        }

        Assert.Equal(0, _rejected);
    }

    [Fact]
    public async Task PipelinesOfOneListenerCountTogether()
    {
        var leave = new TaskCompletionSource();
        var builder = new ConnectionBuilder(_services);
        builder.UseConnectionLimit(1, _ => Interlocked.Increment(ref _rejected));
        builder.Run(_ => leave.Task);
        var (v4, v6) = (builder.Build(), builder.Build());

        var first = v4(Connection());
        await v6(Connection());

        Assert.Equal(1, _rejected);
        leave.SetResult();
        await first;
    }

    [Fact]
    public async Task TheLimitHoldsUnderConcurrencyAndNoPlaceIsLost()
    {
        const int Maximum = 3;
        const int Threads = 8;
        const int Rounds = 5000;
        int open = 0, most = 0, served = 0;
        var pipeline = Build(Maximum, async _ =>
        {
            var now = Interlocked.Increment(ref open);
            int seen;
            while ((seen = Volatile.Read(ref most)) < now && Interlocked.CompareExchange(ref most, now, seen) != seen)
            {
            }

            Interlocked.Increment(ref served);
            await Task.Yield();
            Interlocked.Decrement(ref open);
        });

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < Rounds; i++)
                await pipeline(Connection());
        })));

        Assert.InRange(most, 1, Maximum);
        Assert.Equal(Threads * Rounds, served + _rejected);
        _rejected = 0;
        var leave = new TaskCompletionSource();
        var full = Build(Maximum, _ => leave.Task);
        var all = Enumerable.Range(0, Maximum).Select(_ => full(Connection())).ToList();
        Assert.Equal(0, _rejected);
        leave.SetResult();
        await Task.WhenAll(all);
    }

    [Fact]
    public void ALimitIsAtLeastOne()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionBuilder(_services).UseConnectionLimit(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionBuilder(_services).UseConnectionLimitPerAddress(0));
    }

    [Fact]
    public async Task OneAddressHasItsShareAndNoMore()
    {
        var leave = new TaskCompletionSource();
        var pipeline = BuildPerAddress(2, _ => leave.Task);
        string[] open = ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::1"];
        var served = open.Select(address => pipeline(Connection(address))).ToList();

        await pipeline(Connection("192.0.2.1"));
        await pipeline(Connection("2001:db8::1"));
        Assert.Equal(2, _rejected);
        var other = pipeline(Connection("192.0.2.2"));
        var unix = Enumerable.Range(0, 5).Select(_ => pipeline(Connection())).ToList(); // without an address there is no share
        Assert.All([.. served, other, .. unix], connection => Assert.False(connection.IsCompleted));

        leave.SetResult();
        await Task.WhenAll([.. served, other, .. unix]);
        await pipeline(Connection("192.0.2.1"));
        Assert.Equal(2, _rejected);
    }

    [Fact]
    public async Task AFailedConnectionOfAnAddressGivesItsPlaceBack()
    {
        var pipeline = BuildPerAddress(1, _ => throw new InvalidOperationException());
        for (var i = 0; i < 3; i++)
            await Assert.ThrowsAsync<InvalidOperationException>(() => pipeline(Connection("192.0.2.1")));
        Assert.Equal(0, _rejected);
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private ConnectionDelegate Build(int maximum, ConnectionDelegate handler)
    {
        var builder = new ConnectionBuilder(_services);
        builder.UseConnectionLimit(maximum, _ => Interlocked.Increment(ref _rejected));
        builder.Use(_ => handler);
        return builder.Build();
    }

    private ConnectionDelegate BuildPerAddress(int maximum, ConnectionDelegate handler)
    {
        var builder = new ConnectionBuilder(_services);
        builder.UseConnectionLimitPerAddress(maximum, _ => Interlocked.Increment(ref _rejected));
        builder.Use(_ => handler);
        return builder.Build();
    }

    private static DefaultConnectionContext Connection(string? address = null) =>
        new() { RemoteEndPoint = address is null ? null : new IPEndPoint(IPAddress.Parse(address), 1) };
}
