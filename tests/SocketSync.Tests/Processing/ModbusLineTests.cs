using static SocketSync.Tests.BusFrames;

namespace SocketSync.Tests;

/// <summary>A Modbus RTU bus behind Modbus TCP clients: units that are late or not there, and adapters that echo.</summary>
public class ModbusLineTests
{
    private static readonly TimeSpan ReplyTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task ARequestToAnotherUnitDoesNotWaitForTheSilence()
    {
        using var setup = Bus();
        var first = setup.Host.Connect();
        var second = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await TimeOutAsync(setup, first, device, unit: 9);
        var before = setup.Time.GetUtcNow();
        await second.SendAsync(Tcp(2, 1, 3, 7));
        Assert.Equal(Rtu(1, 3, 7), await device.ReadAsync(8));
        Assert.Equal(before, setup.Time.GetUtcNow());
        await device.SendAsync(RtuReply(9, 3, 9)); // late, and known for what it is
        await device.SendAsync(RtuReply(1, 3, 7));
        Assert.Equal(TcpReply(2, 1, 3, 7), await ReadAsync(second, 11));
        Assert.Equal(7, setup.Manager.GetStatus().DiscardedBytes);
        Assert.Equal(1, setup.Manager.GetStatus().Connects);
    }

    [Fact]
    public async Task ARequestToTheSameUnitNeverGetsTheLateReply()
    {
        using var setup = Bus();
        var first = setup.Host.Connect();
        var second = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await TimeOutAsync(setup, first, device, unit: 9);
        await second.SendAsync(Tcp(2, 9, 3, 7));
        await SyncHost.Until(() => setup.Host.Gate.GetStatus().Holder is not null, "the second has its turn");
        setup.Time.Advance(ReplyTimeout / 2);
        Assert.False(device.HasRequest());
        await device.SendAsync(RtuReply(9, 3, 9));
        await SyncHost.Until(() => setup.Manager.GetStatus().DiscardedBytes == 7, "the late reply is discarded");
        await SyncHost.AdvanceUntil(setup.Time, Step, device.HasRequest, "the line is silent");
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
        await device.SendAsync(RtuReply(9, 3, 7));
        Assert.Equal(TcpReply(2, 9, 3, 7), await ReadAsync(second, 11));
    }

    [Fact]
    public async Task TheWaitForALateReplyIsNotTheNextTurnsTime()
    {
        using var setup = Bus(turnTimeout: TimeSpan.FromSeconds(4));
        var first = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await TimeOutAsync(setup, first, device, unit: 9);
        await first.SendAsync(Tcp(2, 9, 3, 7));
        await SyncHost.AdvanceUntil(setup.Time, Step, device.HasRequest, "the line is silent");
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
        setup.Time.Advance(TimeSpan.FromSeconds(2.5)); // more than four since it was granted
        await device.SendAsync(RtuReply(9, 3, 7));
        Assert.Equal(TcpReply(2, 9, 3, 7), await ReadAsync(first, 11));
    }

    [Fact]
    public async Task TheSameUnitIsAskedAtOnceWhenItsReplyCannotComeAnyMore()
    {
        using var setup = Bus();
        var first = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await TimeOutAsync(setup, first, device, unit: 9);
        setup.Time.Advance(ReplyTimeout);
        var before = setup.Time.GetUtcNow();
        await first.SendAsync(Tcp(2, 9, 3, 7));
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
        Assert.Equal(before, setup.Time.GetUtcNow());
    }

    [Fact]
    public async Task AUnitThatRestsIsRefusedWithoutTheLine()
    {
        using var setup = Bus(new LinkOptions { Rest = new RestOptions { After = 2 } });
        var client = setup.Host.Connect();
        var other = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await TimeOutAsync(setup, client, device, unit: 9);
        setup.Time.Advance(ReplyTimeout);
        await TimeOutAsync(setup, client, device, unit: 9);
        Assert.Equal([9], setup.Relay.RestingUnits);
        var reached = device.Reached;
        for (ushort i = 0; i < 5; i++)
        {
            await client.SendAsync(Tcp(i, 9, 3, 7));
            Assert.Equal(TcpException(i, 9, 3, 0x0B), await ReadAsync(client, 9));
        }

        Assert.Equal(reached, device.Reached);
        Assert.Equal(7, setup.Host.Listener.CountOf(Outcome.Timeout));
        await other.SendAsync(Tcp(1, 1, 3, 7));
        Assert.Equal(Rtu(1, 3, 7), await device.ReadAsync(8));
        await device.SendAsync(RtuReply(1, 3, 7));
        Assert.Equal(TcpReply(1, 1, 3, 7), await ReadAsync(other, 11));

        setup.Time.Advance(TimeSpan.FromSeconds(5));
        await client.SendAsync(Tcp(1, 9, 3, 7));
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
        await device.SendAsync(RtuReply(9, 3, 7));
        Assert.Equal(TcpReply(1, 9, 3, 7), await ReadAsync(client, 11));
        Assert.Empty(setup.Relay.RestingUnits);
    }

    [Fact]
    public async Task AUnitWhoseTurnIsCutByAnOperatorDoesNotRest()
    {
        using var setup = Bus(new LinkOptions { Rest = new RestOptions { After = 1 } });
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync(Tcp(1, 9, 3, 7));
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
        Assert.Single(setup.Host.Listener.Connections).Close();
        await SyncHost.Until(() => setup.Host.Gate.GetStatus().Holder is null, "the turn is over");
        Assert.Empty(setup.Relay.RestingUnits);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public async Task WhatTheAdapterSendsBackIsTakenAway(int split)
    {
        var log = new LogList();
        using var setup = Bus(new LinkOptions { LocalEcho = true }, log);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync(Tcp(1, 1, 6, 7)); // a write, whose reply is the same bytes
        var written = await device.ReadAsync(8);
        await device.SendAsync(written[..split]);
        await device.SendAsync(written[split..]);
        await device.SendAsync(written);
        Assert.Equal(Tcp(1, 1, 6, 7), await ReadAsync(client, 12));

        await client.SendAsync(Tcp(2, 9, 6, 7)); // nobody is there
        await device.SendAsync(await device.ReadAsync(8));
        await SyncHost.AdvanceUntil(setup.Time, Step, () => setup.Host.Listener.CountOf(Outcome.Timeout) == 1, "the reply's time is over");
        Assert.Equal(TcpException(2, 9, 6, 0x0B), await ReadAsync(client, 9));
        Assert.DoesNotContain(log.Entries, e => e.Text.Contains("LocalEcho", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnEchoThatDoesNotComeBackIsToldOnceAndTheReplyFoundAllTheSame()
    {
        var log = new LogList();
        using var setup = Bus(new LinkOptions { LocalEcho = true }, log);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        for (ushort i = 0; i < 3; i++)
        {
            await client.SendAsync(Tcp(i, 1, 3, 7));
            await device.ReadAsync(8);
            await device.SendAsync(RtuReply(1, 3, 7));
            Assert.Equal(TcpReply(i, 1, 3, 7), await ReadAsync(client, 11));
        }

        Assert.Single(log.Entries, e => e.Text.Contains("SocketSync:Resources:R:Link:LocalEcho", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheEchoOfABroadcastIsNotLeftForTheNextRequest()
    {
        using var setup = Bus(new LinkOptions { LocalEcho = true });
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync(Tcp(1, 0, 6, 7));
        var written = await device.ReadAsync(8);
        await client.SendAsync(Tcp(2, 1, 3, 7));
        await SyncHost.Until(() => setup.Host.Gate.GetStatus().Holder is not null, "it waits for the echo");
        await device.SendAsync(written);
        Assert.Equal(Rtu(1, 3, 7), await device.ReadAsync(8));
        await device.SendAsync(Rtu(1, 3, 7));
        await device.SendAsync(RtuReply(1, 3, 7));
        Assert.Equal(TcpReply(2, 1, 3, 7), await ReadAsync(client, 11));
        Assert.Equal(0, setup.Manager.GetStatus().DiscardedBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ALineThatIsSeenToEchoIsToldOnce(bool echoes)
    {
        var log = new LogList();
        using var setup = Bus(log: log);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        for (ushort i = 0; i < 3; i++)
        {
            await client.SendAsync(Tcp(i, 1, 3, 7));
            var written = await device.ReadAsync(8);
            if (echoes)
            {
                await device.SendAsync(written[..3]);
                await device.SendAsync(written[3..]);
            }

            await device.SendAsync(RtuReply(1, 3, 7));
            Assert.Equal(TcpReply(i, 1, 3, 7), await ReadAsync(client, 11));
        }

        Assert.Equal(echoes ? 1 : 0, log.Entries.Count(e => e.Text.Contains("SocketSync:Resources:R:Link:LocalEcho", StringComparison.Ordinal)));
    }

    private static RelayBench Bus(LinkOptions? options = null, LogList? log = null, TimeSpan? turnTimeout = null) => new(
        options, keepsLateBytes: true, log: log, protocol: PlainModbus.Link("Tcp", "Rtu", 256, PlainModbus.Units()),
        clients: new ProtocolOptions { Name = "ModbusTcp" }, gate: new GateOptions { TurnTimeout = turnTimeout ?? TimeSpan.FromSeconds(30) });

    private static async Task TimeOutAsync(RelayBench setup, InMemoryConnection client, ScriptedLink.Device device, byte unit)
    {
        var before = setup.Host.Listener.CountOf(Outcome.Timeout);
        await client.SendAsync(Tcp(1, unit, 3, 9));
        Assert.Equal(Rtu(unit, 3, 9), await device.ReadAsync(8));
        await SyncHost.AdvanceUntil(setup.Time, Step, () => setup.Host.Listener.CountOf(Outcome.Timeout) > before, "the reply's time is over");
        Assert.Equal(TcpException(1, unit, 3, 0x0B), await ReadAsync(client, 9));
        await SyncHost.Until(() => setup.Host.Gate.GetStatus().Holder is null, "the turn is over");
    }
}
