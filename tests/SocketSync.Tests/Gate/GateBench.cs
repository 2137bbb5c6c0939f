using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>A gate with a clock that stands still, and clients for it.</summary>
internal sealed class GateBench : IDisposable
{
    /// <summary>Times so long that only a test that names one meets it.</summary>
    public static readonly GateOptions Patient = new()
    {
        MaxHold = TimeSpan.FromHours(20), WaitTimeout = TimeSpan.FromHours(20), TurnTimeout = TimeSpan.FromHours(20),
    };

    private static int _ids;
    private readonly Meter _meter = new("GateBench");

    public GateBench(GateOptions? options = null, TimeProvider? time = null, bool handsOverInline = false) =>
        Gate = new TurnGate(options ?? Patient, time ?? Time, new TurnMetrics(_meter, "R"), handsOverInline);

    public FakeTimeProvider Time { get; } = new();

    public TurnGate Gate { get; }

    public Meter Meter => _meter;

    public static Turn NewTurn(Priority priority = Priority.Normal, Action? leaseLost = null, EndPoint? client = null) =>
        new(new Client($"c{Interlocked.Increment(ref _ids)}", client, "L", null), priority, leaseLost);

    public Task<Outcome> Enter(Turn turn) => Gate.Enter(turn).AsTask();

    /// <summary>Asks for a turn, and whether it was granted or refused at once. What comes later can only be seen of the turn.</summary>
    public bool IsDecidedAtOnce(Turn turn)
    {
        var entered = Gate.Enter(turn);
        return entered.IsCompleted;
    }

    /// <summary>Somebody has the turn.</summary>
    public Turn EnterAtOnce()
    {
        var turn = NewTurn();
        AssertAtOnce(Outcome.Ok, Gate.Enter(turn));
        Assert.Equal(TurnState.Running, turn.State);
        return turn;
    }

    public Turn EnterLine(Priority priority = Priority.Normal)
    {
        var turn = NewTurn(priority);
        Assert.False(IsDecidedAtOnce(turn));
        Assert.Equal(TurnState.Waiting, turn.State);
        return turn;
    }

    /// <summary>Nobody holds or waits, and exactly one permit is there.</summary>
    public void AssertPermitIsWhole()
    {
        var status = Gate.GetStatus();
        Assert.Null(status.Holder);
        Assert.Equal(0, status.QueueLength);

        var one = NewTurn();
        var other = NewTurn();
        AssertAtOnce(Outcome.Ok, Gate.Enter(one));
        Assert.False(IsDecidedAtOnce(other));
        Assert.Equal(TurnState.Waiting, other.State);
        Gate.Leave(other);
        Gate.Leave(one);
        Gate.End(one, Outcome.Ok);
        Assert.Equal(TurnState.Out, one.State);
        Assert.Null(Gate.GetStatus().Holder);
    }

    /// <summary>Ends turn after turn until nobody waits; whom it served, in order.</summary>
    public List<Turn> Drain(IReadOnlyCollection<Turn> turns)
    {
        var served = new List<Turn>();
        while (turns.SingleOrDefault(turn => turn.State == TurnState.Running) is { } running)
        {
            served.Add(running);
            Gate.End(running, Outcome.Ok);
        }

        return served;
    }

    public static void AssertAtOnce(Outcome expected, ValueTask<Outcome> entered)
    {
        Assert.True(entered.IsCompletedSuccessfully, "neither granted nor refused at once");
        Assert.Equal(expected, entered.Result);
    }

    public void Dispose()
    {
        Gate.Dispose();
        _meter.Dispose();
    }
}
