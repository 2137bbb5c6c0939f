using System.Buffers;

namespace SocketSync.Tests;

public class RelayTests
{
    private static readonly TimeSpan ReplyTimeout = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task AReplyComesBack()
    {
        using var setup = new RelayBench();
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync("ask\n");
        Assert.Equal("ask\n", await device.ReadAsync(4));
        await device.SendAsync("ans");
        await device.SendAsync("wer\n");
        Assert.Equal("answer", await client.ReadLineAsync());
    }

    [Fact]
    public async Task WhatNobodyAskedForIsDiscardedAndCounted()
    {
        using var setup = new RelayBench();
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await setup.UntilUp();
        await device.SendAsync("noise\n");
        await client.SendAsync("ask\n");
        await device.ReadAsync(4);
        await device.SendAsync("answer\nand more\n");
        Assert.Equal("answer", await client.ReadLineAsync());
        await client.SendAsync("ask\n");
        await device.ReadAsync(4);
        await device.SendAsync("second\n");
        Assert.Equal("second", await client.ReadLineAsync());
        Assert.Equal("noise\nand more\n".Length, setup.Manager.GetStatus().DiscardedBytes);
    }

    [Fact]
    public async Task ALateReplyNeverReachesTheNextClient()
    {
        using var setup = new RelayBench();
        var first = setup.Host.Connect();
        var second = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await first.SendAsync("a\n");
        await device.ReadAsync(2);
        await second.SendAsync("b\n");
        await setup.Host.UntilWaiting(1);
        setup.Time.Advance(ReplyTimeout);
        Assert.StartsWith("ERROR timeout", await first.ReadLineAsync(), StringComparison.Ordinal);
        var fresh = await setup.Link.AcceptAsync();
        Assert.True(device.IsClosed);
        Assert.Equal("b\n", await fresh.ReadAsync(2));
        await fresh.SendAsync("for b\n");
        Assert.Equal("for b", await second.ReadLineAsync());
        Assert.Equal(1, setup.Link.MostOpen);
    }

    [Fact]
    public async Task AClientThatVanishesCostsNoLink()
    {
        using var setup = new RelayBench();
        var first = setup.Host.Connect();
        var second = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await first.SendAsync("a\n");
        await device.ReadAsync(2);
        await second.SendAsync("b\n");
        await setup.Host.UntilWaiting(1);
        first.Reset();
        await device.SendAsync("for a\n");
        Assert.Equal("b\n", await device.ReadAsync(2));
        await device.SendAsync("for b\n");
        Assert.Equal("for b", await second.ReadLineAsync());
        Assert.Equal(1, setup.Manager.GetStatus().Connects);
    }

    [Fact]
    public async Task ALinkThatTheDeviceHasClosedIsOpenedBeforeTheWrite()
    {
        using var setup = new RelayBench();
        var client = setup.Host.Connect();
        for (var i = 0; i < 5; i++)
        {
            await client.SendAsync("ask\n");
            var device = await setup.Link.AcceptAsync();
            await device.ReadAsync(4);
            await device.SendAsync("answer\n");
            Assert.Equal("answer", await client.ReadLineAsync());
            device.HangUp();
        }

        Assert.Equal(5, setup.Host.Listener.CountOf(Outcome.Ok));
    }

    [Fact]
    public async Task ALinkLostBeforeTheReplyIsToldAndTheRequestNotWrittenAgain()
    {
        using var setup = new RelayBench();
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync("ask\n");
        await device.ReadAsync(4);
        device.Reset();
        Assert.StartsWith("ERROR unavailable", await client.ReadLineAsync(), StringComparison.Ordinal);
        var fresh = await setup.ReopenedAsync();
        await setup.UntilUp();
        Assert.False(fresh.HasRequest());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AReadIsWrittenOnceMoreOnlyWhereNoByteOfTheReplyHadCome(bool hasBegun)
    {
        using var setup = new RelayBench(isRead: true);
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync("ask\n");
        await device.ReadAsync(4);
        if (hasBegun)
            await device.SendAsync("ans");
        device.HangUp();
        if (hasBegun)
        {
            Assert.StartsWith("ERROR unavailable", await client.ReadLineAsync(), StringComparison.Ordinal);
            return;
        }

        var second = await setup.ReopenedAsync();
        Assert.Equal("ask\n", await second.ReadAsync(4));
        second.HangUp(); // and not a third time
        Assert.StartsWith("ERROR unavailable", await client.ReadLineAsync(), StringComparison.Ordinal);
        var third = await setup.ReopenedAsync();
        await setup.UntilUp();
        Assert.False(third.HasRequest());
    }

    [Fact]
    public async Task AnAbsentDeviceIsToldAtOnceAndComesBackByItself()
    {
        using var setup = new RelayBench(isThere: false);
        await SyncHost.Until(() => setup.Manager.GetStatus().State == LinkState.Down, "the link is down");
        var client = setup.Host.Connect();
        await client.SendAsync("ask\n");
        Assert.StartsWith("ERROR unavailable", await client.ReadLineAsync(), StringComparison.Ordinal);
        setup.Time.Advance(TimeSpan.FromHours(8)); // an inverter's night
        setup.Link.IsThere = true;
        await SyncHost.AdvanceUntil(setup.Time, TimeSpan.FromSeconds(10), () => setup.Manager.GetStatus().State == LinkState.Up, "the link is up");
        var device = await setup.Link.AcceptAsync();
        var morning = setup.Host.Connect();
        await morning.SendAsync("ask\n");
        await device.ReadAsync(4);
        await device.SendAsync("answer\n");
        Assert.Equal("answer", await morning.ReadLineAsync());
    }

    [Fact]
    public async Task ADeviceThatClosesAtOnceIsAwayAndNotHammered()
    {
        using var setup = new RelayBench(hangsUpAtOnce: true);
        await setup.UntilUp();
        var client = setup.Host.Connect();
        for (var i = 0; i < 10; i++)
        {
            await client.SendAsync("ask\n");
            Assert.StartsWith("ERROR unavailable", await client.ReadLineAsync(), StringComparison.Ordinal);
        }

        Assert.InRange(setup.Link.Attempts, 1, 3);
        Assert.Equal(LinkState.Down, setup.Manager.GetStatus().State);
    }

    [Fact]
    public async Task RequestsKeepTheirDistance()
    {
        using var setup = new RelayBench(new LinkOptions { RequestInterval = TimeSpan.FromSeconds(1) });
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync("1\n2\n");
        await device.ReadAsync(2);
        await device.SendAsync("one\n");
        Assert.Equal("one", await client.ReadLineAsync());
        await SyncHost.Until(() => setup.Host.Gate.GetStatus().Holder is not null, "the second has its turn");
        Assert.False(device.HasRequest());
        await SyncHost.AdvanceUntil(setup.Time, TimeSpan.FromMilliseconds(100), () => device.HasRequest(), "the second is written");
        Assert.True(setup.Time.GetUtcNow() - setup.Start >= TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task ALineIsPurgedUntilItIsSilentBeforeTheNextTurnBegins()
    {
        using var setup = new RelayBench(keepsLateBytes: true, gate: new GateOptions { TurnTimeout = TimeSpan.FromSeconds(4) });
        var first = setup.Host.Connect();
        var second = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await first.SendAsync("a\n");
        await device.ReadAsync(2);
        await second.SendAsync("b\n");
        await setup.Host.UntilWaiting(1);
        setup.Time.Advance(ReplyTimeout);
        Assert.StartsWith("ERROR timeout", await first.ReadLineAsync(), StringComparison.Ordinal);
        setup.Time.Advance(TimeSpan.FromSeconds(2));
        await device.SendAsync("late for a\n");
        await SyncHost.Until(() => setup.Manager.GetStatus().DiscardedBytes == 11, "the late reply is discarded");
        Assert.False(setup.Host.Gate.GetStatus().IsStuck);
        Assert.Equal(1, setup.Host.Gate.GetStatus().QueueLength);
        await SyncHost.AdvanceUntil(setup.Time, TimeSpan.FromMilliseconds(500), () => device.HasRequest(), "the line is silent and the next request written");
        Assert.Equal("b\n", await device.ReadAsync(2));
        await device.SendAsync("for b\n");
        Assert.Equal("for b", await second.ReadLineAsync());
        Assert.Equal(1, setup.Manager.GetStatus().Connects);
    }

    [Fact]
    public async Task AnIdleLinkIsClosedAndOpenedWithTheNextRequest()
    {
        using var setup = new RelayBench(new LinkOptions { IdleTimeout = TimeSpan.FromMinutes(1) });
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await SyncHost.AdvanceUntil(setup.Time, TimeSpan.FromSeconds(10), () => device.IsClosed, "closed");
        Assert.Equal(LinkState.Idle, setup.Manager.GetStatus().State);
        await client.SendAsync("ask\n");
        var again = await setup.Link.AcceptAsync();
        await again.ReadAsync(4);
        await again.SendAsync("answer\n");
        Assert.Equal("answer", await client.ReadLineAsync());
    }

    [Fact]
    public async Task ACancelledTurnRetiresTheLink()
    {
        using var setup = new RelayBench(new LinkOptions { ReplyTimeout = TimeSpan.FromSeconds(60) }, gate: new GateOptions { TurnTimeout = TimeSpan.FromSeconds(5) });
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync("a\n");
        await device.ReadAsync(2);
        setup.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.StartsWith("ERROR timeout", await client.ReadLineAsync(), StringComparison.Ordinal);
        await client.SendAsync("b\n");
        var fresh = await setup.Link.AcceptAsync();
        Assert.True(device.IsClosed);
        Assert.Equal("b\n", await fresh.ReadAsync(2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AFaultOfTheProtocolCostsItsRequestAndALink(bool keepsLateBytes)
    {
        using var setup = new RelayBench(keepsLateBytes: keepsLateBytes, protocol: new FaultyOnce(), gate: new GateOptions { WaitTimeout = TimeSpan.FromHours(1) });
        var client = setup.Host.Connect();
        var device = await setup.Link.AcceptAsync();
        await client.SendAsync("ask\n");
        await device.ReadAsync(4);
        await device.SendAsync("answer\n");
        Assert.StartsWith("ERROR failed", await client.ReadLineAsync(), StringComparison.Ordinal);
        var fresh = await setup.ReopenedAsync();
        await client.SendAsync("again\n");
        await SyncHost.AdvanceUntil(setup.Time, TimeSpan.FromMilliseconds(100), fresh.HasRequest, "the next request is written");
        await fresh.SendAsync("answer\n");
        Assert.Equal("answer", await client.ReadLineAsync());
    }

    private sealed class FaultyOnce : ILinkProtocol
    {
        private bool _hasThrown;

        public bool ExpectsReply(in ReadOnlySequence<byte> request) => true;

        public bool IsRead(in ReadOnlySequence<byte> request) => false;

        public void WriteRequest(in ReadOnlySequence<byte> request, IBufferWriter<byte> link) =>
            link.Write(request.FirstSpan);

        public ReplyResult FindReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent)
        {
            if (_hasThrown)
                return ReplyResult.Complete(buffer.Length);
            _hasThrown = true;
            throw new InvalidOperationException("a fault in a protocol");
        }

        public void WriteReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply, IBufferWriter<byte> client) =>
            client.Write(reply.FirstSpan);
    }
}
