using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;

namespace SocketSync.Tests;

/// <summary>A turn that is over gives nothing back, whoever says so.</summary>
[Collection(Alone.Name)]
public partial class GatePermitTests
{
    [Fact]
    public void ATurnThatIsOverCannotBeEndedAgain()
    {
        using var bench = new GateBench();
        var turn = bench.EnterAtOnce();
        bench.Gate.End(turn, Outcome.Ok);

        Assert.Contains("A turn that is over", Refused(() => bench.Gate.End(turn, Outcome.Ok)), StringComparison.Ordinal);
        bench.AssertPermitIsWhole();
    }

    [Fact]
    public void NorCanItEndTheTurnOfAnother()
    {
        using var bench = new GateBench();
        var over = bench.EnterAtOnce();
        bench.Gate.End(over, Outcome.Ok);
        var holder = bench.EnterAtOnce();
        var waiting = bench.EnterLine();

        Refused(() => bench.Gate.End(over, Outcome.Failed));
        Refused(() => bench.Gate.End(waiting, Outcome.Failed, isAwaited: false));

        Assert.Equal(TurnState.Running, holder.State);
        Assert.Equal(TurnState.Waiting, waiting.State);
        Assert.Equal(1, bench.Gate.GetStatus().QueueLength);
        bench.Gate.Leave(waiting);
        bench.Gate.End(holder, Outcome.Ok);
        bench.AssertPermitIsWhole();
    }

    [Fact]
    public void ALeaseBetweenTwoRequestsCannotBeEndedAsATurn()
    {
        using var bench = new GateBench(GateBench.Patient with { Hold = Hold.Connection });
        var turn = bench.EnterAtOnce();
        bench.Gate.End(turn, Outcome.Ok);
        Refused(() => bench.Gate.End(turn, Outcome.Ok));
        Assert.Equal(TurnState.Leased, turn.State);
        bench.Gate.Leave(turn);
    }

    /// <summary>
    /// Whoever ends a turn has enclosed it: only the method that runs the turn names the gate's End, so that nobody can
    /// give back what is not his.
    /// </summary>
    [Fact]
    public void OnlyTheResourceEndsTurns()
    {
        var users = SourceFiles.Of("src/SocketSync").Where(file => Ending().IsMatch(file.Text));
        Assert.Equal("SharedResource.cs", Path.GetFileName(Assert.Single(users).Path));
    }

    [Fact]
    public void AnEndPointsOwnCodeDoesNotRunUnderTheLock()
    {
        var turns = new TurnFeed();
        using var reader = turns.Subscribe(16);
        using var meter = new System.Diagnostics.Metrics.Meter("GatePermitTests");
        using var gate = new TurnGate(GateBench.Patient, TimeProvider.System, new TurnMetrics(meter, "R"), telemetry: new ResourceTelemetry("R", turns, TimeProvider.System));
        var foreign = new ForeignEndPoint(gate);
        var turn = GateBench.NewTurn(client: foreign);
        GateBench.AssertAtOnce(Outcome.Ok, gate.Enter(turn));

        gate.End(turn, Outcome.Ok);

        Assert.True(reader.Events.TryRead(out var told));
        Assert.Equal("foreign", told.RemoteEndPoint);
        Assert.True(foreign.CouldLook);
    }

    [Fact]
    public void AListenerToTheMetricsDoesNotRunUnderTheLock()
    {
        using var bench = new GateBench(handsOverInline: true);
        var looks = 0;
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter == bench.Meter)
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => looks += CanLook(bench.Gate) ? 1 : 0);
        listener.Start();

        var holder = bench.EnterAtOnce();
        var waiting = bench.EnterLine();
        bench.Gate.End(holder, Outcome.Ok);
        bench.Gate.End(waiting, Outcome.Ok);
        Assert.Equal(0, looks);
        bench.Gate.RecordDurations();
        Assert.Equal(4, looks); // a wait and a turn, twice

        for (var i = 0; i < 1000; i++)
            bench.Gate.End(bench.EnterAtOnce(), Outcome.Ok);
        Assert.InRange(looks, 4 + 2000 - 64, 4 + 2000 - 1); // also by whoever ends a turn, once there are enough
        bench.Gate.RecordDurations();
        Assert.Equal(4 + 2000, looks);
    }

    /// <summary>Another thread can look at the gate: nobody holds its lock.</summary>
    private static bool CanLook(TurnGate gate) => Task.Run(() => gate.GetStatus()).Wait(TimeSpan.FromSeconds(20));

    [GeneratedRegex(@"[Gg]ate\.End(AtOnce)?\(", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Ending();

    private static string Refused(Action end)
    {
        // In a test run the assertion would end it, as it should.
        TraceListener[] listeners = [.. Trace.Listeners.Cast<TraceListener>()];
        Trace.Listeners.Clear();
        try
        {
            return Assert.Throws<InvalidOperationException>(end).Message;
        }
        finally
        {
            Trace.Listeners.AddRange(listeners);
        }
    }

    private sealed class ForeignEndPoint(TurnGate gate) : EndPoint
    {
        public bool CouldLook { get; private set; }

        public override string ToString()
        {
            CouldLook = CanLook(gate);
            return "foreign";
        }
    }
}
