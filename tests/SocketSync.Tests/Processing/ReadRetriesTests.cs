using System.Text;
using static SocketSync.Tests.BusFrames;

namespace SocketSync.Tests;

/// <summary>Reads on a serial line that are asked again; a reply never crosses meanwhile.</summary>
public class ReadRetriesTests
{
    private static readonly TimeSpan ReplyTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task ADamagedReplyIsNotWaitedForAnyLonger()
    {
        using var setup = Bus(retries: 1);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await AskAsync(client, device, 1, unit: 9);
        await DamageAsync(setup, device, Damaged(RtuReply(9, 3, 7)));
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
        await device.SendAsync(RtuReply(9, 3, 7));
        Assert.Equal(TcpReply(1, 9, 3, 7), await ReadAsync(client, 11));
        Assert.Equal(1, setup.Manager.GetStatus().Retries);
        Assert.Equal(7, setup.Manager.GetStatus().DiscardedBytes);

        await AskAsync(client, device, 2, unit: 9); // at once: the unit has said all that it will
        Assert.Equal(setup.Start + Quiet, setup.Time.GetUtcNow());
    }

    /// <summary>What tells the end of a try wakes the next one too, if that is already written, but not to its end.</summary>
    [Fact]
    public async Task ALineThatTakesTheNextTryLaterHasItsTimeForThat()
    {
        using var setup = Bus(retries: 1, takes: 8);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await AskAsync(client, device, 1, unit: 9);
        await DamageAsync(setup, device, Damaged(RtuReply(9, 3, 7)));
        await SyncHost.Until(() => setup.Manager.GetStatus().Retries == 1, "it is asked again");
        device.Resume();
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
        await device.SendAsync(RtuReply(9, 3, 7));
        Assert.Equal(TcpReply(1, 9, 3, 7), await ReadAsync(client, 11));
        Assert.Equal(1, setup.Manager.GetStatus().Connects);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(7)]
    public async Task WhatMayHaveBeenNoiseLeavesNoReplyForTheNextRequest(int length)
    {
        using var setup = Bus(retries: 1);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await AskAsync(client, device, 1, unit: 9);
        await DamageAsync(setup, device, new string('\xFF', length));
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
        await device.SendAsync(RtuReply(9, 3, 7)); // to the first try, perhaps
        Assert.Equal(TcpReply(1, 9, 3, 7), await ReadAsync(client, 11));

        await client.SendAsync(Tcp(2, 9, 3, 8));
        await SyncHost.Until(() => setup.Manager.GetStatus().State == LinkState.Purging, "the line must be silent first");
        await device.SendAsync(RtuReply(9, 3, 7)); // to the second
        await SyncHost.AdvanceUntil(setup.Time, Step, device.HasRequest, "the line is silent");
        Assert.Equal(Rtu(9, 3, 8), await device.ReadAsync(8));
        await device.SendAsync(RtuReply(9, 3, 8));
        Assert.Equal(TcpReply(2, 9, 3, 8), await ReadAsync(client, 11));
    }

    [Fact]
    public async Task TheLastTrysReplyIsReckonedWithToo()
    {
        using var setup = Bus(retries: 1);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await AskAsync(client, device, 1, unit: 9);
        setup.Time.Advance(ReplyTimeout - (2 * Quiet));
        await DamageAsync(setup, device, new string('\xFF', 6));
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
        await device.SendAsync(RtuReply(9, 3, 7)); // to the first try, perhaps
        Assert.Equal(TcpReply(1, 9, 3, 7), await ReadAsync(client, 11));

        setup.Time.Advance(ReplyTimeout + (4 * Quiet)); // too late for the first try's reply, but not for the second's
        await client.SendAsync(Tcp(2, 9, 3, 8));
        await SyncHost.Until(() => setup.Manager.GetStatus().State == LinkState.Purging, "the line must be silent first");
        Assert.False(device.HasRequest());
    }

    [Fact]
    public async Task AfterNoReplyTheUnitIsAskedAgainOnlyWhenALateOneCannotCome()
    {
        using var setup = Bus(retries: 1);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await AskAsync(client, device, 1, unit: 9);
        await SyncHost.AdvanceUntil(setup.Time, Step, () => setup.Manager.GetStatus().State == LinkState.Purging, "the reply's time is over");
        await device.SendAsync(RtuReply(9, 3, 9)); // late
        await SyncHost.Until(() => setup.Manager.GetStatus().DiscardedBytes == 7, "it is discarded");
        Assert.False(device.HasRequest());
        await SyncHost.AdvanceUntil(setup.Time, Step, device.HasRequest, "the line is silent");
        Assert.True(setup.Time.GetUtcNow() - setup.Start >= 2 * ReplyTimeout);
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
        await device.SendAsync(RtuReply(9, 3, 7));
        Assert.Equal(TcpReply(1, 9, 3, 7), await ReadAsync(client, 11));

        var before = setup.Time.GetUtcNow();
        await AskAsync(client, device, 2, unit: 9); // at once
        Assert.Equal(before, setup.Time.GetUtcNow());
    }

    [Fact]
    public async Task ATurnIsNotMadeLongerByItsOwnRetries()
    {
        using var setup = Bus(retries: 9, turnTimeout: TimeSpan.FromSeconds(8));
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await AskAsync(client, device, 1, unit: 9);
        var told = ReadAsync(client, 9);
        await SyncHost.AdvanceUntil(setup.Time, Step, () => told.IsCompleted, "the turn's time is over");
        Assert.Equal(TcpException(1, 9, 3, 0x0B), await told);
        await SyncHost.Until(() => setup.Host.Gate.GetStatus().Holder is null, "the turn is over");
        Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8)); // 3 s, silence 3 s, and 2 s of the second try
        Assert.False(device.HasRequest());
        Assert.Equal(1, setup.Manager.GetStatus().Retries);
        setup.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.False(device.HasRequest());
    }

    [Fact]
    public async Task ATurnThatEndsInTheSilenceBeforeARetryWritesNothingMore()
    {
        using var setup = Bus(new LinkOptions { ReadRetries = 9, Rest = new RestOptions { After = 1 } }, turnTimeout: TimeSpan.FromSeconds(4));
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await AskAsync(client, device, 1, unit: 9);
        var told = ReadAsync(client, 9);
        await SyncHost.AdvanceUntil(setup.Time, Step, () => told.IsCompleted, "the turn's time is over");
        Assert.Equal(TcpException(1, 9, 3, 0x0B), await told);
        await SyncHost.Until(() => setup.Manager.GetStatus().State == LinkState.Up, "the turn is over");
        Assert.False(device.HasRequest());
        Assert.Equal([9], setup.Relay.RestingUnits); // it has not answered, whatever ended the turn
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task AWriteIsNeverAskedAgain(byte function)
    {
        using var setup = Bus(retries: 3);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync(Tcp(1, 9, function, 7));
        var written = await device.ReadAsync(8);
        await device.SendAsync(Damaged(written));
        await SyncHost.AdvanceUntil(setup.Time, Step, () => setup.Host.Listener.CountOf(Outcome.Timeout) == 1, "the reply's time is over");
        Assert.Equal(TcpException(1, 9, function, 0x0B), await ReadAsync(client, 9));
        Assert.True(setup.Time.GetUtcNow() - setup.Start >= ReplyTimeout);
        Assert.False(device.HasRequest());
        Assert.Equal(0, setup.Manager.GetStatus().Retries);
    }

    [Fact]
    public async Task WithoutRetriesADamagedReplyEndsNothing()
    {
        using var setup = Bus(retries: 0);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await AskAsync(client, device, 1, unit: 9);
        await DamageAsync(setup, device, Damaged(RtuReply(9, 3, 7)));
        await device.SendAsync(RtuReply(9, 3, 7));
        Assert.Equal(TcpReply(1, 9, 3, 7), await ReadAsync(client, 11));
        Assert.False(device.HasRequest());
    }

    [Theory]
    [InlineData(false)] // a byte or two, as an adapter that changes its direction brings
    [InlineData(true)] // a whole frame of another unit
    public async Task WhatCannotHaveBeenTheReplyEndsNothing(bool isFrame)
    {
        using var setup = Bus(retries: 1);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await AskAsync(client, device, 1, unit: 9);
        await device.SendAsync(isFrame ? RtuReply(4, 3, 9) : "\xFF\xFF");
        await PassAsync(setup, ReplyTimeout / 2);
        await device.SendAsync(RtuReply(9, 3, 7));
        Assert.Equal(TcpReply(1, 9, 3, 7), await ReadAsync(client, 11));
        Assert.Equal(0, setup.Manager.GetStatus().Retries);
        Assert.False(device.HasRequest());
    }

    [Fact]
    public async Task AUnitThatAnswersARetryHasAnsweredAndOneThatDoesNotHasFailedOnce()
    {
        using var setup = Bus(new LinkOptions { ReadRetries = 2, Rest = new RestOptions { After = 2 } });
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await FailAsync(1);
        Assert.Empty(setup.Relay.RestingUnits);

        await AskAsync(client, device, 2, unit: 9);
        await DamageAsync(setup, device, Damaged(RtuReply(9, 3, 7)));
        await device.ReadAsync(8);
        await device.SendAsync(RtuReply(9, 3, 7));
        Assert.Equal(TcpReply(2, 9, 3, 7), await ReadAsync(client, 11));

        await FailAsync(3);
        Assert.Empty(setup.Relay.RestingUnits);
        await FailAsync(4);
        Assert.Equal([9], setup.Relay.RestingUnits);

        async Task FailAsync(ushort id)
        {
            await AskAsync(client, device, id, unit: 9);
            for (var retry = 1; retry <= 2; retry++)
            {
                await DamageAsync(setup, device, Damaged(RtuReply(9, 3, 7)));
                Assert.Equal(Rtu(9, 3, 7), await device.ReadAsync(8));
            }

            await DamageAsync(setup, device, Damaged(RtuReply(9, 3, 7)));
            Assert.Equal(TcpException(id, 9, 3, 0x0B), await ReadAsync(client, 9));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatTheAdapterSendsBackIsNoDamagedReply(bool isConfigured)
    {
        using var setup = Bus(new LinkOptions { ReadRetries = 1, LocalEcho = isConfigured });
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        for (ushort id = 1; id <= 3; id++)
        {
            await client.SendAsync(Tcp(id, 9, 3, 7));
            var written = await device.ReadAsync(8);
            await device.SendAsync(written);
            await PassAsync(setup, ReplyTimeout / 2);
            await device.SendAsync(RtuReply(9, 3, 7));
            Assert.Equal(TcpReply(id, 9, 3, 7), await ReadAsync(client, 11));
        }

        Assert.Equal(0, setup.Manager.GetStatus().Retries);

        var asked = setup.Time.GetUtcNow();
        await client.SendAsync(Tcp(9, 9, 3, 7));
        await device.SendAsync(await device.ReadAsync(8) + Damaged(RtuReply(9, 3, 7)));
        await SyncHost.AdvanceUntil(setup.Time, Step, device.HasRequest, "it is asked again");
        Assert.True(setup.Time.GetUtcNow() - asked < ReplyTimeout);
        await device.SendAsync(await device.ReadAsync(8) + RtuReply(9, 3, 7));
        Assert.Equal(TcpReply(9, 9, 3, 7), await ReadAsync(client, 11));
    }

    [Fact]
    public async Task AnAsciiReplyWithAWrongSumIsAskedForAgain()
    {
        using var setup = Bus(retries: 1, framing: "Ascii");
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        var request = Encoding.Latin1.GetString(PlainModbus.Ascii(9, 3, 0, 7, 0, 1));
        var reply = Encoding.Latin1.GetString(PlainModbus.Ascii(9, 3, 2, 0, 7));
        await client.SendAsync(Tcp(1, 9, 3, 7));
        Assert.Equal(request, await device.ReadAsync(17));
        await DamageAsync(setup, device, reply.Replace("07", "06", StringComparison.Ordinal));
        Assert.Equal(request, await device.ReadAsync(17));
        await device.SendAsync(reply);
        Assert.Equal(TcpReply(1, 9, 3, 7), await ReadAsync(client, 11));
        Assert.Equal(1, setup.Manager.GetStatus().Retries);
        await client.SendAsync(Tcp(2, 9, 3, 7));
        Assert.Equal(request, await device.ReadAsync(17)); // at once
    }

    private static RelayBench Bus(int retries, TimeSpan? turnTimeout = null, string framing = "Rtu", int takes = int.MaxValue) =>
        Bus(new LinkOptions { ReadRetries = retries }, turnTimeout, framing, takes);

    private static RelayBench Bus(LinkOptions options, TimeSpan? turnTimeout = null, string framing = "Rtu", int takes = int.MaxValue) => new(
        options, keepsLateBytes: true, takes: takes, protocol: PlainModbus.Link("Tcp", framing, 256, PlainModbus.Units()),
        clients: new ProtocolOptions { Name = "ModbusTcp" }, gate: new GateOptions { TurnTimeout = turnTimeout ?? TimeSpan.FromSeconds(30) });

    private static async Task AskAsync(InMemoryConnection client, ScriptedLink.Device device, ushort id, byte unit)
    {
        await client.SendAsync(Tcp(id, unit, 3, 7));
        Assert.Equal(Rtu(unit, 3, 7), await device.ReadAsync(8));
    }

    /// <summary>Sends something that is no reply, and nothing more until a silence tells its end.</summary>
    private static async Task DamageAsync(RelayBench setup, ScriptedLink.Device device, string bytes)
    {
        var before = setup.Manager.GetStatus().DiscardedBytes;
        await device.SendAsync(bytes);
        await SyncHost.Until(() => setup.Manager.GetStatus().DiscardedBytes > before, "the relay has seen it");
        setup.Time.Advance(Quiet);
    }

    /// <summary>Lets time pass in small steps: nothing tells that the relay has read what is no reply, and in which of them it has.</summary>
    private static async Task PassAsync(RelayBench setup, TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += Step)
        {
            setup.Time.Advance(Step);
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }

    private static string Damaged(string frame) => frame[..^1] + (char)(frame[^1] ^ 0x55);
}
