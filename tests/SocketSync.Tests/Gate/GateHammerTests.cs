namespace SocketSync.Tests;

/// <summary>Many clients on a real clock, with times so short that everything runs out all the time.</summary>
[Collection(Alone.Name)]
public class GateHammerTests
{
    private const int Clients = 8;
    private const int Requests = 4_000;

    [Theory]
    [InlineData("Request", false), InlineData("Quiet", false), InlineData("Connection", false)]
    [InlineData("Request", true), InlineData("Quiet", true), InlineData("Connection", true)]
    public async Task TurnsNeverOverlapAndSurvivorsGoInOrder(string hold, bool handsOverInline)
    {
        using var bench = new GateBench(
            new GateOptions
            {
                Hold = Enum.Parse<Hold>(hold),
                MaxQueue = 6,
                QuietTime = TimeSpan.FromMilliseconds(1),
                MaxHold = TimeSpan.FromMilliseconds(3),
                WaitTimeout = TimeSpan.FromMilliseconds(2),
                TurnTimeout = TimeSpan.FromMilliseconds(1),
            },
            TimeProvider.System,
            handsOverInline);
        var inside = 0;
        var lastArrival = -1L;
        var outcomes = new int[OutcomeNames.Count];

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(seed => Task.Run(() => ServeAsync(new Random(seed))))).Bound();

        Assert.Equal(Clients * Requests, outcomes.Sum());
        Assert.True(outcomes[(int)Outcome.Ok] > 1_000 && outcomes[(int)Outcome.Abandoned] > 0, string.Join(" ", outcomes));
        Assert.True(outcomes[(int)Outcome.Busy] > 0 && outcomes[(int)Outcome.Cached] > 0, string.Join(" ", outcomes));
        bench.Gate.Configure(GateBench.Patient);
        bench.AssertPermitIsWhole();

        static Task<bool> DismissAsync(TurnGate gate, Turn turn) => Task.Run(() => gate.TryDismiss(turn, Outcome.Cached));

        async Task ServeAsync(Random random)
        {
            var gate = bench.Gate;
            var turn = GateBench.NewTurn();
            for (var i = 0; i < Requests; i++)
            {
                if (turn.LeaseLost || turn.CompletedEarly)
                    turn = GateBench.NewTurn();
                turn.Arrival = -1; // nobody else looks at it while it is out
                var entered = gate.Enter(turn);
                if (random.Next(5) == 0)
                {
                    var leaving = turn;
                    ThreadPool.UnsafeQueueUserWorkItem(_ => gate.Leave(leaving), null);
                }

                // Another's reply comes, which may be known before or after; never once the request is over.
                var dismissal = random.Next(8) == 0 ? DismissAsync(gate, turn) : null;
                var outcome = await entered;
                if (dismissal is not null && await dismissal != (outcome == Outcome.Cached))
                    Assert.Fail("dismissed, and not told so");
                Interlocked.Increment(ref outcomes[(int)outcome]);
                if (outcome != Outcome.Ok)
                    continue;

                if (Interlocked.Increment(ref inside) != 1)
                    Assert.Fail("two turns at once");
                if (turn.Arrival >= 0)
                {
                    if (turn.Arrival <= lastArrival)
                        Assert.Fail("out of order");
                    lastArrival = turn.Arrival;
                }

                if (random.Next(50) == 0)
                    Race.Await(() => turn.Cancelled.IsCancellationRequested); // outstays its turn
                else if (random.Next(4) == 0)
                    await Task.Yield();
                Interlocked.Decrement(ref inside);
                gate.End(turn, Outcome.Ok, isAwaited: false); // nobody here awaits the verdict
            }

            gate.Leave(turn);
        }
    }
}
