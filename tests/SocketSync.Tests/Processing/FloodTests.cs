using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>
/// A device that sends without end holds no thread: what is done before the first time others are let in is what a call has done
/// when it comes back, and it comes back.
/// </summary>
public class FloodTests
{
    /// <summary>All but the bytes themselves: a read of 4 KiB costs more than this many units.</summary>
    private const long MostAtOnce = WorkBudget.Limit;

    private static readonly byte[] ForeignFrame = [0, 9, 0, 0, 0, 10, 1, 3, 7, 1, 2, 3, 4, 5, 6, 7];

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task ForeignFramesAfterARequestLetOthersInAndEndAtReplyTimeout()
    {
        var (link, manager) = await OpenAsync();
        await using var relay = new RelayProcessor(manager, new Dictionary<string, ILinkProtocol>(StringComparer.Ordinal) { ["L"] = Protocol() }, _time);
        var context = NewContext();
        var processing = Task.Run(() => relay.ProcessAsync(context, CancellationToken.None).AsTask(), TestContext.Current.CancellationToken);
        await SyncHost.Until(() => link.Flood.Consumed > 8 * 1024 * 1024, "the flood is being looked at");
        Assert.False(processing.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(3));
        await processing.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(Outcome.Timeout, context.Outcome);
        Assert.True(manager.GetStatus().DiscardedBytes > 8 * 1024 * 1024);
    }

    [Fact]
    public async Task WhatARelayDoesInOneGoIsBounded()
    {
        var (_, manager) = await OpenAsync(isShy: true);
        await using var relay = new RelayProcessor(manager, new Dictionary<string, ILinkProtocol>(StringComparer.Ordinal) { ["L"] = new Counting(Protocol()) }, _time);
        var before = Counting.LookedHere;
        var processing = relay.ProcessAsync(NewContext(), CancellationToken.None).AsTask();
        Assert.InRange(Counting.LookedHere - before, 1, WorkBudget.Limit / WorkBudget.Frame);
        _time.Advance(TimeSpan.FromSeconds(3));
        await processing.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task WhatIsTakenBeforeARequestInOneGoIsBounded()
    {
        var (_, manager) = await OpenAsync();
        var before = FloodingInput.ConsumedHere;
        var taking = manager.TakeAsync(new WorkBudget(), CancellationToken.None).AsTask();
        Assert.InRange(FloodingInput.ConsumedHere - before, 1, MostAtOnce);
        Assert.NotNull(await taking.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)); // and it is asked all the same
    }

    [Fact]
    public async Task WhatTheManagerDoesInOneLookIsBounded()
    {
        await OpenAsync();
        var before = FloodingInput.ConsumedHere;
        _time.Advance(TimeSpan.FromSeconds(1)); // looks at once, on this thread
        Assert.InRange(FloodingInput.ConsumedHere - before, 1, FloodingInput.ReadBytes);
    }

    [Fact]
    public async Task WhatAPurgeDoesInOneGoIsBoundedAndItEnds()
    {
        var (_, manager) = await OpenAsync(keepsLateBytes: true);
        await manager.TakeAsync(new WorkBudget(), CancellationToken.None);
        var before = FloodingInput.ConsumedHere;
        var retiring = manager.RetireAsync().AsTask();
        Assert.InRange(FloodingInput.ConsumedHere - before, 1, MostAtOnce);
        _time.Advance(TimeSpan.FromSeconds(12));
        await retiring.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(LinkState.Down, manager.GetStatus().State);
        await manager.DisposeAsync();
    }

    [Fact]
    public async Task WhatATunnelDoesInOneGoIsBounded()
    {
        var (_, manager) = await OpenAsync(isShy: true);
        await using var tunnel = new TunnelProcessor(manager, _time);
        var conversation = new FakeConversation();
        var before = FloodingInput.ConsumedHere;
        using var end = new CancellationTokenSource();
        var processing = tunnel.ProcessAsync(NewContext(conversation), end.Token).AsTask();
        Assert.InRange(FloodingInput.ConsumedHere - before, 1, MostAtOnce);
        await end.CancelAsync();
        await processing.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await tunnel.RecoverAsync();
    }

    private static RequestContext NewContext(IConversation? conversation = null)
    {
        var context = new RequestContext("R", new Client("1", null, "L", null), conversation ?? new FakeConversation(), leaveIoThread: false);
        context.Open(new ReadOnlySequence<byte>([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]));
        return context;
    }

    private static ModbusLinkProtocol Protocol() => PlainModbus.Link("Tcp", "Tcp", 256, PlainModbus.Units());

    private async Task<(FloodingLink Link, LinkManager Manager)> OpenAsync(bool keepsLateBytes = false, bool isShy = false)
    {
        var link = new FloodingLink(ForeignFrame) { KeepsLateBytes = keepsLateBytes };
        var manager = new LinkManager("R", link, new LinkOptions(), _time, NullLogger.Instance);
        link.Flood.IsShy = isShy;
        manager.Start();
        await SyncHost.Until(() => manager.GetStatus().State == LinkState.Up, "up");
        return (link, manager);
    }

    /// <summary>Counts how often a reply is looked for on this thread.</summary>
    private sealed class Counting(ILinkProtocol inner) : ILinkProtocol
    {
        [ThreadStatic]
        private static int s_lookedHere;

        public static int LookedHere => s_lookedHere;

        public bool ExpectsReply(in ReadOnlySequence<byte> request) => inner.ExpectsReply(request);

        public bool IsRead(in ReadOnlySequence<byte> request) => inner.IsRead(request);

        public void WriteRequest(in ReadOnlySequence<byte> request, IBufferWriter<byte> link) => inner.WriteRequest(request, link);

        public ReplyResult FindReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent)
        {
            s_lookedHere++;
            return inner.FindReply(request, buffer, searched, isSilent);
        }

        public void WriteReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply, IBufferWriter<byte> client) =>
            inner.WriteReply(request, reply, client);
    }
}
