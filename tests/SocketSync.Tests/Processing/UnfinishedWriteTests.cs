namespace SocketSync.Tests;

/// <summary>A device that stops taking bytes in the middle of a request: what was given up never reaches it.</summary>
public class UnfinishedWriteTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task TheNextClientGetsItsOwnReplyAndNothingOfTheOldRequestIsWritten(bool keepsLateBytes, bool endsWithTheTurn)
    {
        using var setup = new RelayBench(
            new LinkOptions { ReplyTimeout = endsWithTheTurn ? TimeSpan.FromMinutes(1) : TimeSpan.FromSeconds(3) },
            keepsLateBytes: keepsLateBytes, takes: 3,
            gate: new GateOptions { TurnTimeout = TimeSpan.FromSeconds(endsWithTheTurn ? 3 : 30), WaitTimeout = TimeSpan.FromHours(1) });
        var first = setup.Host.Connect();
        var second = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        setup.Link.Takes = int.MaxValue;
        await first.SendAsync("first\n");
        Assert.Equal("fir", await device.ReadAsync(3));
        await second.SendAsync("second\n");
        await setup.Host.UntilWaiting(1);
        setup.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.StartsWith("ERROR timeout", await first.ReadLineAsync(), StringComparison.Ordinal);
        Assert.True(device.IsClosed); // before its client was told

        device.Resume();
        var fresh = await setup.ReopenedAsync();
        await SyncHost.AdvanceUntil(setup.Time, Step, fresh.HasRequest, "the next request is written");
        Assert.Equal("second\n", await fresh.ReadAsync(7));
        await fresh.SendAsync("for second\n");
        Assert.Equal("for second", await second.ReadLineAsync());
        Assert.Equal(3, device.Reached);
        Assert.Equal(7, fresh.Reached);
        Assert.Equal(1, setup.Link.MostOpen);
    }

    [Fact]
    public async Task ALineThatWasCutIsSilentBeforeItIsUsedAgain()
    {
        using var setup = new RelayBench(keepsLateBytes: true, takes: 3, gate: new GateOptions { WaitTimeout = TimeSpan.FromHours(1) });
        var first = setup.Host.Connect();
        var second = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        setup.Link.Takes = int.MaxValue;
        await first.SendAsync("first\n");
        await device.ReadAsync(3);
        await second.SendAsync("second\n");
        await setup.Host.UntilWaiting(1);
        setup.Time.Advance(TimeSpan.FromSeconds(3));
        var fresh = await setup.Link.AcceptAsync();
        setup.Time.Advance(TimeSpan.FromSeconds(2));
        await fresh.SendAsync("late for first\n");
        await SyncHost.Until(() => setup.Manager.GetStatus().DiscardedBytes == 15, "what comes late is discarded");
        Assert.Equal(1, setup.Host.Gate.GetStatus().QueueLength);
        await SyncHost.AdvanceUntil(setup.Time, Step, fresh.HasRequest, "the next request is written");
        await fresh.ReadAsync(7);
        await fresh.SendAsync("for second\n");
        Assert.Equal("for second", await second.ReadLineAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ATunnelIsCutWhereTheDeviceTakesNothing(bool keepsLateBytes)
    {
        using var setup = Tunnel(keepsLateBytes, takes: 3);
        var first = setup.Host.Connect();
        var second = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        setup.Link.Takes = int.MaxValue;
        await first.SendAsync("first\n");
        Assert.Equal("fir", await device.ReadAsync(3));
        await second.SendAsync("second\n");
        await setup.Host.UntilWaiting(1);
        setup.Time.Advance(TimeSpan.FromSeconds(10));
        await SyncHost.Until(() => device.IsClosed, "the link is cut");
        device.Resume();
        var fresh = await setup.ReopenedAsync();
        await SyncHost.AdvanceUntil(setup.Time, Step, fresh.HasRequest, "the next client has its turn");
        Assert.Equal("second\n", await fresh.ReadAsync(7));
        Assert.Equal(3, device.Reached);
        Assert.Equal(7, fresh.Reached);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ATunnelThatIsCutWhileItsClientTakesNothingLeavesLinkAndGateUsable(bool keepsLateBytes)
    {
        using var setup = Tunnel(keepsLateBytes);
        var first = setup.Host.Connect();
        var second = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await first.SendAsync("first\n");
        await device.ReadAsync(6);
        await device.SendAsync(new byte[256 * 1024]).WaitAsync(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken)
            .ContinueWith(static sending => sending.Exception, TestContext.Current.CancellationToken, TaskContinuationOptions.None, TaskScheduler.Default);
        await second.SendAsync("second\n");
        await setup.Host.UntilWaiting(1);
        await SyncHost.AdvanceUntil(setup.Time, Step, () => setup.Host.Gate.GetStatus().QueueLength == 0, "the first has lost its turn, and the second has it");
        var link = keepsLateBytes ? device : await setup.Link.AcceptAsync();
        await SyncHost.AdvanceUntil(setup.Time, Step, link.HasRequest, "the second has its turn");
        Assert.Equal("second\n", await link.ReadAsync(7));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AClientThatResetsDuringATunnelLeavesLinkAndGateUsable(bool keepsLateBytes)
    {
        using var setup = Tunnel(keepsLateBytes);
        for (var i = 0; i < 20; i++)
        {
            var client = setup.Host.Connect();
            await client.SendAsync("hello\n");
            ScriptedLink.Device? device = null;
            if (i == 0 || !keepsLateBytes)
                Current = await setup.ReopenedAsync();
            device = Current!;
            await SyncHost.AdvanceUntil(setup.Time, Step, device.HasRequest, "the client has its turn");
            await device.ReadAsync(6);
            client.Reset();
            await SyncHost.AdvanceUntil(setup.Time, Step, () => setup.Host.Gate.GetStatus().Holder is null, "the gate is free");
        }

        Assert.Equal(1, setup.Link.MostOpen);
    }

    private ScriptedLink.Device? Current { get; set; }

    private static RelayBench Tunnel(bool keepsLateBytes, int takes = int.MaxValue) => new(
        keepsLateBytes: keepsLateBytes, takes: takes, isTunnel: true, clients: new ProtocolOptions { Name = "Raw" },
        gate: new GateOptions { Hold = Hold.Connection, MaxHold = TimeSpan.FromSeconds(10), TurnTimeout = TimeSpan.FromSeconds(10), WaitTimeout = TimeSpan.FromHours(1) });
}
