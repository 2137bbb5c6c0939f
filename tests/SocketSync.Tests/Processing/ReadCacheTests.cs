using System.Buffers;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>Which reply a cache gives to whom. The test is the gate's clients and the device.</summary>
public sealed class ReadCacheTests : IDisposable
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);
    private static readonly byte[] Reply = PlainModbus.Tcp(0, 1, 3, 2, 0, 7);

    private readonly FakeTimeProvider _time = new();
    private readonly GateBench _bench;
    private readonly ReadCache _cache;

    public ReadCacheTests()
    {
        _bench = new GateBench(time: _time);
        _cache = NewCache(new CacheOptions { MaxAge = MaxAge, StaleFor = MaxAge });
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void AReadIsAnsweredByAReplyThatIsYoungEnough()
    {
        Keep(Read(1, 3, 10, 2));
        _time.Advance(MaxAge);
        Assert.Same(Reply, Ask(Read(1, 3, 10, 2)));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Null(Ask(Read(1, 3, 10, 2)));
    }

    [Fact]
    public void AReplysAgeCountsFromItsRequest()
    {
        var asked = _time.GetTimestamp();
        _time.Advance(MaxAge);
        _cache.Keep(new KeptReply(KeyOf(Read(1, 3, 10, 2)), Reply, asked), _bench.Gate);
        Assert.Same(Reply, Ask(Read(1, 3, 10, 2)));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Null(Ask(Read(1, 3, 10, 2)));
    }

    [Theory]
    [InlineData(2, 3, 10, 2)]
    [InlineData(1, 4, 10, 2)]
    [InlineData(1, 3, 11, 2)]
    [InlineData(1, 3, 10, 1)]
    [InlineData(1, 3, 266, 2)]
    public void AnotherReadIsNot(byte unit, byte function, ushort address, ushort quantity)
    {
        Keep(Read(1, 3, 10, 2));
        Assert.Null(Ask(Read(unit, function, address, quantity)));
    }

    [Theory]
    [InlineData("Tcp", "Rtu")]
    [InlineData("Rtu", "Tcp")]
    [InlineData("Ascii", "Tcp")]
    public void ClientsOfAnyFramingAndUnitShare(string clients, string device)
    {
        var units = PlainModbus.Units((101, 1));
        var cache = new ReadCache(
            new Dictionary<string, ILinkProtocol>(StringComparer.Ordinal)
            {
                ["L"] = PlainModbus.Link(clients, device, 256, units), ["Tcp"] = PlainModbus.Link("Tcp", device, 256, units),
            },
            new CacheOptions { MaxAge = MaxAge }, _time);
        var frame = PlainModbus.Frame(device, 99, 1, 3, 2, 0, 7);
        var key = PlainModbus.Link("Tcp", device, 256, units).ReadKeyOf(Read(1, 3, 10, 1))!.Value;
        cache.Keep(new KeptReply(key, frame, _time.GetTimestamp()), _bench.Gate);

        var request = new ReadOnlySequence<byte>(PlainModbus.Frame(clients, 0x1234, 101, 3, 0, 10, 0, 1));
        var asker = GateBench.NewTurn();
        Assert.Null(cache.Arrive(asker, request, out var found));
        var output = new ArrayBufferWriter<byte>();
        found.Write(request, output);
        Assert.Equal(PlainModbus.Frame(clients, 0x1234, 101, 3, 2, 0, 7), output.WrittenSpan.ToArray());
    }

    [Fact]
    public void WhileAWriteToTheUnitIsNotOverNothingIsGiven()
    {
        Keep(Read(1, 3, 10, 2));
        Keep(Read(2, 3, 10, 2));
        var write = Arrive(Write(1));
        Assert.Null(Ask(Read(1, 3, 10, 2)));
        Assert.Same(Reply, Ask(Read(2, 3, 10, 2)));
        _cache.Leave(write!); // it was refused, and never written
        Assert.Same(Reply, Ask(Read(1, 3, 10, 2)));
    }

    [Fact]
    public void AWriteThrowsItsUnitsRepliesAway()
    {
        Keep(Read(1, 3, 10, 2));
        Keep(Read(1, 4, 10, 2));
        Keep(Read(2, 3, 10, 2));
        _cache.Forget(1);
        Assert.Null(Ask(Read(1, 3, 10, 2)));
        Assert.Null(Ask(Read(1, 4, 10, 2)));
        Assert.Same(Reply, Ask(Read(2, 3, 10, 2)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData((byte)0)]
    public void ABroadcastIsAWriteToAllUnits(byte? unit)
    {
        Keep(Read(1, 3, 10, 2));
        var broadcast = Arrive(Write(0));
        Assert.Null(Ask(Read(1, 3, 10, 2)));
        _cache.Leave(broadcast!);
        Assert.Same(Reply, Ask(Read(1, 3, 10, 2)));
        _cache.Forget(unit);
        Assert.Null(Ask(Read(1, 3, 10, 2)));
    }

    [Fact]
    public void AReadThatIsNoneByItsLengthIsAWrite()
    {
        Keep(Read(1, 3, 10, 2));
        Arrive(new(PlainModbus.Tcp(1, 1, 3, 0, 10, 0, 2, 9)));
        Assert.Null(Ask(Read(1, 3, 10, 2)));
    }

    [Fact]
    public void WhoWaitsForTheSameSharesTheReply()
    {
        var holder = _bench.EnterAtOnce();
        var (ticket, wait) = Wait(Read(1, 3, 10, 2));
        var (other, otherWait) = Wait(Read(1, 3, 11, 2));
        Keep(Read(1, 3, 10, 2));
        GateBench.AssertAtOnce(Outcome.Cached, wait);
        Assert.Same(Reply, _cache.Leave(ticket).Frame);
        Assert.False(otherWait.IsCompleted);
        _bench.Gate.End(holder, Outcome.Ok);
        GateBench.AssertAtOnce(Outcome.Ok, otherWait);
        Assert.Null(_cache.Leave(other).Frame);
    }

    [Fact]
    public void WhoCameAfterAWriteDoesNotShareAReplyFromBefore()
    {
        _bench.EnterAtOnce();
        var (_, before) = Wait(Read(1, 3, 10, 2));
        var (write, _) = Wait(Write(1));
        var (_, after) = Wait(Read(1, 3, 10, 2));
        Keep(Read(1, 3, 10, 2));
        GateBench.AssertAtOnce(Outcome.Cached, before);
        Assert.False(after.IsCompleted);
        _cache.Forget(1);
        _cache.Leave(write);
        Assert.False(after.IsCompleted);
        Keep(Read(1, 3, 10, 2));
        GateBench.AssertAtOnce(Outcome.Cached, after);
    }

    [Fact]
    public void AReplyThatCameBetweenArrivalAndWaitIsShared()
    {
        _bench.EnterAtOnce();
        var turn = GateBench.NewTurn();
        var ticket = _cache.Arrive(turn, Read(1, 3, 10, 2), out _)!;
        Keep(Read(1, 3, 10, 2));
        var wait = Enter(turn);
        _cache.Join(ticket, _bench.Gate);
        GateBench.AssertAtOnce(Outcome.Cached, wait);
        Assert.Same(Reply, _cache.Leave(ticket).Frame);
    }

    [Fact]
    public void WhoHasLeftIsNotAnsweredInItsNextWait()
    {
        _bench.EnterAtOnce();
        var (ticket, wait) = Wait(Read(1, 3, 10, 2));
        _bench.Gate.Leave(ticket.Turn);
        GateBench.AssertAtOnce(Outcome.Abandoned, wait);
        _cache.Leave(ticket);
        var next = Enter(ticket.Turn);
        Keep(Read(1, 3, 10, 2));
        Assert.False(next.IsCompleted);
    }

    [Fact]
    public void AStaleReplyStandsInForAsLongAsItMay()
    {
        var key = KeyOf(Read(1, 3, 10, 2));
        Keep(Read(1, 3, 10, 2));
        _time.Advance(MaxAge + MaxAge);
        var write = Arrive(Write(1));
        Assert.Null(_cache.FindStale(key));
        _cache.Leave(write!);
        Assert.Same(Reply, _cache.FindStale(key));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Null(_cache.FindStale(key));
        _cache.Options = new CacheOptions { MaxAge = MaxAge * 3 };
        Assert.Null(_cache.FindStale(key));
        Assert.Same(Reply, Ask(Read(1, 3, 10, 2)));
    }

    [Fact]
    public void TurnedOffItForgets()
    {
        Keep(Read(1, 3, 10, 2));
        _cache.Options = new CacheOptions();
        Assert.False(_cache.IsOn);
        Keep(Read(1, 3, 11, 2));
        _cache.Options = new CacheOptions { MaxAge = MaxAge };
        Assert.Null(Ask(Read(1, 3, 10, 2)));
        Assert.Null(Ask(Read(1, 3, 11, 2)));
        Keep(Read(1, 3, 10, 2));
        Assert.Same(Reply, Ask(Read(1, 3, 10, 2)));
    }

    [Fact]
    public void TurnedOnItKeepsNothingWhileAWriteFromBeforeMayWait()
    {
        var cache = NewCache(new CacheOptions());
        var holder = _bench.EnterAtOnce();
        var write = GateBench.NewTurn(); // not known to the cache
        var wait = Enter(write);
        cache.Options = new CacheOptions { MaxAge = MaxAge };
        _time.Advance(TimeSpan.FromTicks(1));
        Keep(Read(1, 3, 10, 2), cache);
        Assert.Null(Ask(Read(1, 3, 10, 2), cache));
        _bench.Gate.End(holder, Outcome.Ok);
        GateBench.AssertAtOnce(Outcome.Ok, wait);
        _bench.Gate.End(write, Outcome.Ok);
        Keep(Read(1, 3, 10, 2), cache);
        Assert.Same(Reply, Ask(Read(1, 3, 10, 2), cache));
    }

    private static ReadOnlySequence<byte> Read(byte unit, byte function, ushort address, ushort quantity) =>
        new(PlainModbus.Tcp(1, unit, function, (byte)(address >> 8), (byte)address, (byte)(quantity >> 8), (byte)quantity));

    private static ReadOnlySequence<byte> Write(byte unit) => new(PlainModbus.Tcp(1, unit, 6, 0, 10, 0, 1));

    private static ulong KeyOf(ReadOnlySequence<byte> read) => PlainModbus.Link("Tcp", "Tcp", 260, PlainModbus.Units()).ReadKeyOf(read)!.Value;

    private ReadCache NewCache(CacheOptions options) => new(
        new Dictionary<string, ILinkProtocol>(StringComparer.Ordinal) { ["L"] = PlainModbus.Link("Tcp", "Tcp", 260, PlainModbus.Units()) }, options, _time);

    private void Keep(ReadOnlySequence<byte> read, ReadCache? cache = null) =>
        (cache ?? _cache).Keep(new KeptReply(KeyOf(read), Reply, _time.GetTimestamp()), _bench.Gate);

    private CacheTicket? Arrive(ReadOnlySequence<byte> request) => _cache.Arrive(GateBench.NewTurn(), request, out _);

    private static byte[]? Ask(ReadOnlySequence<byte> request, ReadCache cache)
    {
        if (cache.Arrive(GateBench.NewTurn(), request, out var reply) is { } ticket)
            cache.Leave(ticket);
        return reply.Frame;
    }

    private byte[]? Ask(ReadOnlySequence<byte> request) => Ask(request, _cache);

    private (CacheTicket Ticket, ValueTask<Outcome> Wait) Wait(ReadOnlySequence<byte> request)
    {
        var turn = GateBench.NewTurn();
        var ticket = _cache.Arrive(turn, request, out _)!;
        var wait = Enter(turn);
        _cache.Join(ticket, _bench.Gate);
        return (ticket, wait);
    }

    private ValueTask<Outcome> Enter(Turn turn)
    {
        var wait = _bench.Gate.Enter(turn);
        Assert.False(wait.IsCompleted);
        return wait;
    }
}
