namespace SocketSync.Tests;

public class LeaseTests
{
    [Fact]
    public async Task AQuietLeaseKeepsOthersOutBetweenTwoRequests()
    {
        using var host = new SyncHost(gate: new GateOptions { Hold = Hold.Quiet, QuietTime = TimeSpan.FromSeconds(1) });
        var (holder, other) = await LeaseAsync(host);
        host.Time.Advance(TimeSpan.FromMilliseconds(900));
        await holder.SendAsync("a2\n");
        Assert.Equal("a2", await holder.ReadLineAsync());
        host.Time.Advance(TimeSpan.FromMilliseconds(900));
        Assert.Equal(1, host.Gate.GetStatus().QueueLength);
        host.Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal("b", await other.ReadLineAsync());
    }

    [Fact]
    public async Task WhoeverAsksForWhatIsDeniedIsNotSilent()
    {
        using var host = new SyncHost(gate: new GateOptions { Hold = Hold.Quiet, QuietTime = TimeSpan.FromSeconds(1) });
        host.Access = [new AccessOptions { Commands = ["denied"], Allow = false }];
        var (holder, other) = await LeaseAsync(host);
        for (var i = 0; i < 3; i++)
        {
            host.Time.Advance(TimeSpan.FromMilliseconds(900));
            await holder.SendAsync("denied\n");
            Assert.StartsWith("ERROR denied", await holder.ReadLineAsync(), StringComparison.Ordinal);
            Assert.Equal(1, host.Gate.GetStatus().QueueLength);
        }

        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("b", await other.ReadLineAsync());
    }

    [Fact]
    public async Task AConnectionLeaseEndsWithTheClientsStream()
    {
        using var host = new SyncHost(gate: new GateOptions { Hold = Hold.Connection });
        var (holder, other) = await LeaseAsync(host);
        holder.HalfClose();
        Assert.Equal("b", await other.ReadLineAsync());
        Assert.Null(await holder.ReadLineAsync());
    }

    [Fact]
    public async Task AConnectionLeaseEndsWithAReset()
    {
        using var host = new SyncHost(gate: new GateOptions { Hold = Hold.Connection });
        var (holder, other) = await LeaseAsync(host);
        holder.Reset();
        Assert.Equal("b", await other.ReadLineAsync());
    }

    [Fact]
    public async Task WhoeverOverstaysMaxHoldBetweenRequestsIsToldAndClosed()
    {
        using var host = new SyncHost(gate: new GateOptions { Hold = Hold.Connection, MaxHold = TimeSpan.FromSeconds(5) });
        var (holder, other) = await LeaseAsync(host);
        host.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("b", await other.ReadLineAsync());
        Assert.StartsWith("ERROR timeout", await holder.ReadLineAsync(), StringComparison.Ordinal);
        holder.HalfClose();
        Assert.Null(await holder.ReadLineAsync());
    }

    [Fact]
    public async Task WhoeverOverstaysMaxHoldInsideARequestIsToldAndClosed()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor, new GateOptions { Hold = Hold.Connection, MaxHold = TimeSpan.FromSeconds(5), TurnTimeout = TimeSpan.FromSeconds(60) });
        var holder = await host.ConnectAndHoldAsync("a\n");
        host.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.StartsWith("ERROR timeout", await holder.ReadLineAsync(), StringComparison.Ordinal);
        holder.HalfClose();
        Assert.Null(await holder.ReadLineAsync());
    }

    /// <summary>One client has the lease, its request answered; the other waits with "b".</summary>
    private static async Task<(InMemoryConnection Holder, InMemoryConnection Other)> LeaseAsync(SyncHost host)
    {
        var holder = host.Connect();
        await holder.SendAsync("a\n");
        Assert.Equal("a", await holder.ReadLineAsync());
        return (holder, await host.ConnectAndWaitAsync("b\n", 1));
    }
}
