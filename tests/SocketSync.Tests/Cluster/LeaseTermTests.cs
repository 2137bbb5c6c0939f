namespace SocketSync.Tests;

/// <summary>When a resource is taken, for how long it is owned, and what ends that. Times are those of the contract, and steps of 10 ms.</summary>
public sealed class LeaseTermTests
{
    private static readonly LeaseTimes Times = new(TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(500));
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(600); // a look at the record, and a few messages

    private readonly LeaseWorld _world = new(Times);
    private readonly LeaseNode _a;
    private readonly LeaseNode _b;

    public LeaseTermTests()
    {
        _a = _world.AddNode();
        _b = _world.AddNode();
        _b.IsCandidate = false;
    }

    [Fact]
    public void ARecordThatIsMissingCountsAsHeld()
    {
        var waited = _world.AdvanceUntil(() => _a.IsOwner);
        Assert.InRange(waited, Times.Lease + Times.Margin, Times.Lease + Times.Margin + Soon);
        Assert.Equal(_a.Term!.Epoch, _world.Stored!.Record.Epoch);
    }

    [Fact]
    public void WhoRenewsKeepsItsEpoch()
    {
        var epoch = Own();
        _b.IsCandidate = true;
        _world.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((true, epoch), (_a.IsOwner, _a.Term!.Epoch));
    }

    [Fact]
    public void WhatWasGivenUpIsTakenAtOnce()
    {
        var epoch = Own();
        _b.IsCandidate = true;
        _world.Advance(TimeSpan.FromSeconds(10));
        _a.IsCandidate = false;
        _a.Release();
        Assert.False(_a.IsOwner);
        Assert.InRange(_world.AdvanceUntil(() => _b.IsOwner), TimeSpan.Zero, Soon);
        Assert.True(_b.Term!.Epoch > epoch);
        Assert.Equal(LeaseEnd.GivenUp, _a.Term!.End);
    }

    [Fact]
    public void WhoIsToldThatItWasGivenUpDoesNotWaitForItsNextLook()
    {
        Own();
        _world.Latency = TimeSpan.FromMilliseconds(1);
        _b.IsCandidate = true;
        _world.Advance(TimeSpan.FromSeconds(10));
        for (var i = 0; i < 20; i++)
        {
            var (owner, other) = _a.IsOwner ? (_a, _b) : (_b, _a);
            owner.IsCandidate = false;
            owner.Release();
            // The release, the news, a look and a write, in steps of 10 ms, and messages that take up to 10 ms each.
            Assert.InRange(_world.AdvanceUntil(() => other.IsOwner), TimeSpan.Zero, TimeSpan.FromMilliseconds(150));
            owner.IsCandidate = true;
            _world.Advance(TimeSpan.FromSeconds(1.13));
        }
    }

    [Fact]
    public void WhoDiesIsFollowedAfterTheLeaseAndTheMargin()
    {
        var epoch = Own();
        _b.IsCandidate = true;
        _world.Advance(TimeSpan.FromSeconds(10));
        _a.Stop(TimeSpan.FromMinutes(2));
        Assert.InRange(_world.AdvanceUntil(() => _b.IsOwner), Times.Lease + Times.Margin - Times.RenewEvery - Soon, Times.Lease + Times.Margin + Soon);
        Assert.True(_b.Term!.Epoch > epoch);
        Assert.False(_a.IsOwner);
    }

    [Fact]
    public void AStoppedProcessFindsItsTermOverBeforeAnyTimerRings()
    {
        Own();
        _a.Stop(TimeSpan.FromSeconds(8));
        _world.Advance(TimeSpan.FromSeconds(4));
        Assert.False(_a.Term!.IsValid);
        Assert.Equal(LeaseEnd.Expired, _a.Term.End);
    }

    [Fact]
    public void ASuspendedMachineFindsItsTermOverAlthoughItsClockStoodStill()
    {
        Own();
        var before = _a.GetTimestamp();
        _a.Suspend(TimeSpan.FromSeconds(4));
        _world.Advance(TimeSpan.FromSeconds(3.95));
        Assert.False(_a.Term!.IsValid);
        _world.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(_a.GetElapsedTime(before) < TimeSpan.FromSeconds(0.2), "it stood still");
    }

    [Theory]
    [InlineData(5, false)] // further than the lease
    [InlineData(1, true)]
    [InlineData(-3600, true)]
    public void AWallClockThatIsSetMayEndATermAndNeverProlongsOne(int seconds, bool isValid)
    {
        Own();
        _a.WallAhead = TimeSpan.FromSeconds(seconds);
        Assert.Equal(isValid, _a.Term!.IsValid);
        _a.IsCutOff = true;
        Assert.InRange(_world.AdvanceUntil(() => !_a.IsOwner), TimeSpan.Zero, Times.Lease);
    }

    [Fact]
    public void AStoreThatIsAwayForAThirdOfTheLeaseChangesNothing()
    {
        var epoch = Own();
        for (var i = 0; i < 20; i++)
        {
            _world.IsStoreAway = true;
            _world.Advance(Times.Lease / 3);
            _world.IsStoreAway = false;
            _world.Advance(TimeSpan.FromSeconds(2.11));
        }

        Assert.Equal((true, epoch), (_a.IsOwner, _a.Term!.Epoch));
    }

    [Fact]
    public void WhoLosesTheStoreEndsInTimeAndGoesOnWhenItIsBack()
    {
        var epoch = Own();
        _b.IsCandidate = true;
        _world.Advance(TimeSpan.FromSeconds(5));
        _world.IsStoreAway = true;
        Assert.InRange(_world.AdvanceUntil(() => !_a.IsOwner), Times.Lease - Times.RenewEvery - Soon, Times.Lease);
        _world.Advance(TimeSpan.FromSeconds(5));
        Assert.False(_b.IsOwner);
        _world.IsStoreAway = false;
        // Nobody has written in the meantime: the record is this process's own, if its last write is known.
        Assert.InRange(_world.AdvanceUntil(() => _a.IsOwner), TimeSpan.Zero, Times.StoreTimeout + Soon);
        Assert.True(_a.Term!.Epoch > epoch);
    }

    [Fact]
    public void TimeWithoutAnAnswerDoesNotCount()
    {
        Own();
        _b.IsCandidate = true;
        _world.Advance(TimeSpan.FromSeconds(5));
        _a.Stop(TimeSpan.FromMinutes(1));
        _world.Advance(TimeSpan.FromSeconds(2));
        _b.IsCutOff = true;
        _world.Advance(TimeSpan.FromSeconds(10));
        _b.IsCutOff = false;
        Assert.InRange(_world.AdvanceUntil(() => _b.IsOwner), Times.Lease + Times.Margin, Times.Lease + Times.Margin + Times.StoreTimeout + Soon);
    }

    [Fact]
    public void AClockThatLeapsDoesNotCount()
    {
        Own();
        _b.IsCandidate = true;
        _world.Advance(TimeSpan.FromSeconds(5));
        for (var i = 0; i < 20; i++)
        {
            _b.Leap += TimeSpan.FromSeconds(5);
            _world.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Null(_world.Fault);
        Assert.True(_a.IsOwner);
    }

    [Fact]
    public void AnOwnerWhoseRecordIsLostWritesItAgain()
    {
        var epoch = Own();
        _b.IsCandidate = true;
        for (var i = 0; i < 10; i++)
        {
            _world.Stored = null;
            _world.Advance(TimeSpan.FromSeconds(2));
            Assert.Equal(_a.Name, _world.Stored?.Record.Node);
        }

        Assert.Equal((true, epoch), (_a.IsOwner, _a.Term!.Epoch));
    }

    [Fact]
    public void ARecordThatIsLostWithItsOwnerIsWaitedForAndItsEpochIsPassed()
    {
        var epoch = Own();
        _a.Stop(TimeSpan.FromMinutes(2));
        _world.Stored = null;
        _b.WallAhead = -TimeSpan.FromDays(1000); // it knows of no epoch, and its clock is wrong: the store has to tell
        _world.Advance(TimeSpan.FromSeconds(10));
        _b.WallAhead = TimeSpan.Zero;
        _b.IsCandidate = true;
        Assert.InRange(_world.AdvanceUntil(() => _b.IsOwner), Times.Lease + Times.Margin, Times.Lease + Times.Margin + Soon);
        Assert.True(_b.Term!.Epoch > epoch);
    }

    [Fact]
    public void ATermThatIsOvertakenEndsAtOnceAndIsCounted()
    {
        using var counted = new Counted(_a.Meter);
        var epoch = Own();
        _world.Stored = new(new("z", "another", epoch + 7, IsReleased: false), "other");
        Assert.InRange(_world.AdvanceUntil(() => !_a.IsOwner), TimeSpan.Zero, Times.RenewEvery + Soon);
        Assert.Equal(LeaseEnd.Overtaken, _a.Term!.End);
        Assert.Equal(1, counted["socketsync.cluster.fenced"]);
        _world.AdvanceUntil(() => _a.IsOwner);
        Assert.True(_a.Term.Epoch > epoch + 7);
        Assert.Equal(1, counted["socketsync.cluster.takeovers"]);
        Assert.True(counted["socketsync.cluster.lease.renewal.duration"] > 0, "renewals are measured");
    }

    [Fact]
    public async Task HalfASecondBeforeTheEndItTellsAndIsNotRenewedAnyMore()
    {
        Own();
        var term = _a.Term!;
        _world.IsStoreAway = true;
        _world.AdvanceUntil(() => term.Ending.IsCancellationRequested || !Pass());
        Assert.True(term.IsValid);
        Assert.False(term.Ended.IsCancellationRequested);
        _world.IsStoreAway = false;
        Assert.InRange(_world.AdvanceUntil(() => !term.IsValid), TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(0.52));
        await Task.Delay(Timeout.Infinite, term.Ended).ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        // The token is cancelled on the pool, which simulated time does not wait for.
        static bool Pass()
        {
            Thread.Sleep(1);
            return true;
        }
    }

    [Fact]
    public async Task WhoIsWaitingCanBeCancelledAndOwnsNothing()
    {
        Own();
        using var cancelled = new CancellationTokenSource();
        Task acquiring = Task.CompletedTask;
        _world.Run(() => acquiring = _b.Leases.Of("R").AcquireAsync(cancelled.Token));
        _world.Advance(TimeSpan.FromSeconds(2));
        await cancelled.CancelAsync();
        _world.Advance(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => acquiring);
        Assert.True(_a.IsOwner);
    }

    [Fact]
    public void ATermThatWasGivenUpHereIsWaitedForByOthers()
    {
        Own();
        _a.IsCandidate = false;
        _b.IsCandidate = true;
        _world.Advance(TimeSpan.FromSeconds(5));
        _a.Term!.Abandon();
        Assert.False(_a.IsOwner);
        Assert.InRange(_world.AdvanceUntil(() => _b.IsOwner), Times.Lease + Times.Margin - Times.RenewEvery - Soon, Times.Lease + Times.Margin + Soon);
    }

    [Fact]
    public void WhoAsksAllocatesNothing()
    {
        var term = RealTerm();
        Assert.True(term.IsValid);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 1000; i++) _ = term.IsValid;
        }));
        term.Abandon();
    }

    [Fact]
    public void ASoleTermHasAGreaterEpochThanThoseBeforeAndEndsWhenItIsEnded()
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var terms = Enumerable.Range(0, 100).Select(_ => new SoleTerm(TimeProvider.System)).ToList();
        Assert.True(terms[0].Epoch >= now);
        Assert.All(terms.Zip(terms.Skip(1)), pair => Assert.True(pair.First.Epoch < pair.Second.Epoch));
        terms[0].End();
        Assert.False(terms[0].IsValid);
        Assert.True(terms[1].IsValid);
    }

    [Fact]
    public async Task ATermOfThisMachineEndsInTime()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var term = RealTerm(TimeSpan.FromMilliseconds(300));
        Assert.True(term.IsValid || watch.ElapsedMilliseconds >= 300);
        // Nobody asks, and no renewal succeeds.
        term.Start();
        await Task.Delay(Timeout.Infinite, term.Ended).ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.False(term.IsValid);
        Assert.True(watch.ElapsedMilliseconds >= 299, $"after {watch.Elapsed}");
    }

    private LeaseTerm RealTerm(TimeSpan? lease = null)
    {
        var clock = LeaseClock.System;
        var times = lease is { } given ? Times with { Lease = given } : Times;
        var node = new NodeLeases(new SimulatedStore(_world, _a), "a", times, clock, _a.Leases.Metrics, Microsoft.Extensions.Logging.Abstractions.NullLogger<NodeLeases>.Instance);
        return new(node, "R", new(node.Store, "R"), new("a", node.Instance, 1, IsReleased: false), "etag", clock.Now);
    }

    private long Own()
    {
        _world.AdvanceUntil(() => _a.IsOwner);
        _world.Advance(TimeSpan.FromSeconds(2));
        Assert.True(_a.IsOwner);
        return _a.Term!.Epoch;
    }
}
