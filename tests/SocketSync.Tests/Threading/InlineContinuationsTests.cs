namespace SocketSync.Tests;

/// <summary>A turn that is handed on without a change of thread.</summary>
public sealed class InlineContinuationsTests : IDisposable
{
    private readonly GateBench _bench = new(GateBench.Patient with { MaxQueue = 100_000 }, handsOverInline: true);
    private readonly List<string> _log = [];

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void TheNextHolderGoesOnBeforeTheClientOfTheLastTurn()
    {
        var holder = _bench.EnterAtOnce();
        var holdersClient = AwaitAsync("told", holder.Verdict.Task);
        var next = GateBench.NewTurn();
        var nextHolder = AwaitAsync("granted", _bench.Gate.Enter(next));

        _bench.Gate.End(holder, Outcome.Ok);

        Assert.True(holdersClient.IsCompletedSuccessfully && nextHolder.IsCompletedSuccessfully);
        Assert.Equal(["granted", "told"], _log);
        _bench.Gate.End(next, Outcome.Ok);
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public void EachGoesOnOnTheThreadThatEndedTheTurnBeforeIt()
    {
        var threads = new HashSet<int>();
        var turns = Enumerable.Range(0, 5).Select(_ => ServeAsync(GateBench.NewTurn(), () => threads.Add(Environment.CurrentManagedThreadId))).ToList();

        Assert.All(turns, turn => Assert.True(turn.IsCompletedSuccessfully));
        Assert.Equal([Environment.CurrentManagedThreadId], threads);
    }

    [Fact]
    public async Task ALongLineOfTurnsThatEndAtOnceGrowsNoStackAndKeepsNoThread()
    {
        const int InLine = 100_000; // a few hundred bytes of stack for each would be over any thread's limit
        var served = new List<int>(InLine);
        var holder = _bench.EnterAtOnce();
        var line = Enumerable.Range(0, InLine).Select(i => ServeAsync(GateBench.NewTurn(), () => served.Add(i))).ToList();

        _bench.Gate.End(holder, Outcome.Ok);

        Assert.False(line[^1].IsCompleted, "one thread has run the whole line");
        await Task.WhenAll(line).Bound();
        await Task.Yield(); // out of the hand-over, whose last holder goes on here
        Assert.Equal(Enumerable.Range(0, InLine), served);
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public void OneWhoEndsATurnInsideAnotherOnesHandOverIsHandedOnAfterIt()
    {
        var holder = _bench.EnterAtOnce();
        var first = GateBench.NewTurn();
        var second = GateBench.NewTurn();
        var firstServed = ServeAsync(first, () => _log.Add("first begins"), () => _log.Add("first has ended"));
        var secondServed = ServeAsync(second, () => _log.Add("second begins"), () => _log.Add("second has ended"));

        _bench.Gate.End(holder, Outcome.Ok);

        Assert.True(firstServed.IsCompletedSuccessfully && secondServed.IsCompletedSuccessfully);
        Assert.Equal(["first begins", "first has ended", "second begins", "second has ended"], _log);
    }

    [Fact]
    public async Task AVerdictThatNobodyAwaitedIsNotTheNextTurns()
    {
        var holder = _bench.EnterAtOnce();
        var again = Task.CompletedTask;
        var line = ServeAsync(GateBench.NewTurn(), () =>
        {
            // Inside a hand-over the verdict of the holder is still to be told; it has asked anew before that.
            again = AskAsync();
        });

        _bench.Gate.End(holder, Outcome.Ok);

        Assert.True(line.IsCompletedSuccessfully && again.IsCompletedSuccessfully);
        var verdict = holder.Verdict.Task;
        Assert.False(verdict.IsCompleted);
        _bench.Gate.End(holder, Outcome.Failed);
        Assert.Equal(Outcome.Failed, await verdict);
        _bench.AssertPermitIsWhole();

        async Task AskAsync() => Assert.Equal(Outcome.Ok, await _bench.Gate.Enter(holder));
    }

    [Fact]
    public void ATurnThatIsEndedAtOnceTellsHowItEnded()
    {
        var turn = _bench.EnterAtOnce();
        var next = GateBench.NewTurn();
        var served = ServeAsync(next, () => _log.Add("granted"));

        _bench.Gate.End(turn, Outcome.Ok, isAwaited: false);
        Assert.Equal(Outcome.Ok, turn.Decided);

        Assert.True(served.IsCompletedSuccessfully);
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public void ATurnThatWasDecidedBeforeItIsEndedAtOnceKeepsThat()
    {
        var time = new ManualClock();
        using var bench = new GateBench(GateBench.Patient with { TurnTimeout = TimeSpan.FromSeconds(1) }, time, handsOverInline: true);
        var turn = bench.EnterAtOnce();
        time.Advance(TimeSpan.FromSeconds(1));

        bench.Gate.End(turn, Outcome.Ok, isAwaited: false);
        Assert.Equal(Outcome.Timeout, turn.Decided);
        bench.AssertPermitIsWhole();
    }

    private async Task AwaitAsync(string what, ValueTask<Outcome> outcome)
    {
        Assert.Equal(Outcome.Ok, await outcome);
        _log.Add(what);
    }

    private async Task ServeAsync(Turn turn, Action inside, Action? after = null)
    {
        Assert.Equal(Outcome.Ok, await _bench.Gate.Enter(turn));
        inside();
        _bench.Gate.End(turn, Outcome.Ok);
        after?.Invoke();
    }
}
