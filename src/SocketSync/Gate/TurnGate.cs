using System.Diagnostics;

namespace SocketSync;

/// <summary>Decides whose turn it is.</summary>
/// <remarks>
/// <para>Guaranteed, whatever is cancelled, reset, late or thrown:</para>
/// <list type="bullet">
/// <item>At most one turn is held. Its holder has the semaphore's permit, taken or handed over. The permit is given up only by
/// <see cref="End"/>, which is called when the processor has really left, or when a lease ends between two requests.</item>
/// <item>Turns are granted in the order of <see cref="WaitLine"/>, decided here under one lock. The order in which
/// <see cref="SemaphoreSlim"/> serves its waiters is not documented, so nobody ever waits on it: it is only tried.</item>
/// <item>Every <see cref="Enter"/> completes exactly once: granted, refused, or left. Every permit that was taken comes
/// back exactly once.</item>
/// <item>A refusal takes no permit and runs nothing.</item>
/// <item>A turn that is over cannot be ended again: <see cref="End"/> throws, and gives nothing back.</item>
/// <item>No foreign code runs under the lock: no listener to the metrics, no end point of a client, no callback.</item>
/// <item>An uncontended turn allocates nothing, nor does one that waits.</item>
/// </list>
/// <para>Not guaranteed: that a processor stops when its time is over (it is told, and the gate stays shut until it
/// does); re-entrance (a processor that asks for a turn of its own resource waits for itself until it times out).</para>
/// </remarks>
internal sealed partial class TurnGate : IDisposable
{
    private readonly SemaphoreSlim _exclusion = new(1, 1);
    private readonly Lock _sync = new();
    private readonly WaitLine _line = new();
    private readonly TimeProvider _time;
    private readonly TurnMetrics _metrics;
    private readonly CoalescingTimer _timer;
    private readonly bool _handsOverInline;
    private readonly ResourceTelemetry? _telemetry;

    private GateLimits _limits;      // for the next turn
    private GateLimits _turnLimits;  // for the turn in hand
    private Turn? _holder;
    private long _quietSince;
    private bool _isPaused;
    private bool _isClosed;
    private CancellationTokenSource _cancellation = new();

    /// <param name="options">Its limits.</param>
    /// <param name="time">Measures them.</param>
    /// <param name="metrics">Told how long requests wait, and turns take.</param>
    /// <param name="handsOverInline">
    /// Whoever ends a turn continues the next holder on the same thread; only where nothing that is done in a turn blocks.
    /// Otherwise the next holder continues from the thread pool. See <see cref="Dispatcher"/>, rule 5.
    /// </param>
    /// <param name="telemetry">Told of each turn that ends.</param>
    public TurnGate(GateOptions options, TimeProvider time, TurnMetrics metrics, bool handsOverInline = false, ResourceTelemetry? telemetry = null)
    {
        _time = time;
        _metrics = metrics;
        _limits = _turnLimits = new GateLimits(options, time);
        _line.CountsAddresses = options.MaxQueuePerAddress > 0;
        _handsOverInline = handsOverInline;
        _telemetry = telemetry;
        _timer = new CoalescingTimer(time, OnTimer);
    }

    /// <summary>
    /// Asks for a turn. Completes at once when it is granted or refused at once. Otherwise the request waits, and the task
    /// completes with Ok (granted), Busy (waited too long), Abandoned (<see cref="Leave"/>) or Unavailable.
    /// </summary>
    /// <param name="turn">The client's.</param>
    /// <param name="arrivedAt">When the request arrived, where that is known: reading the clock takes as long as half a turn.</param>
    public ValueTask<Outcome> Enter(Turn turn, long? arrivedAt = null)
    {
        lock (_sync)
        {
            if (_isClosed)
                return new(Outcome.Unavailable);

            if (turn.IsEvicted)
                return new(Outcome.Abandoned);

            turn.HasLeft = false;
            var now = arrivedAt ?? _time.GetTimestamp();
            turn.ArrivedAt = now;
            if (turn.State == TurnState.Leased)
            {
                Begin(turn, now);
                return new(Outcome.Ok);
            }

            if (_line.Count > 0 || _isPaused || !_exclusion.Wait(0))
                return EnterLine(turn, now);
            Grant(turn, now);
        }

        _metrics.Waited(TimeSpan.Zero);
        return new(Outcome.Ok);
    }

    /// <summary>
    /// The client is gone. If it waits, it leaves the line; if it has a lease, that ends. A running turn goes on, but
    /// becomes no lease.
    /// </summary>
    public void Leave(Turn turn)
    {
        Turn? next = null;
        lock (_sync)
        {
            turn.HasLeft = true;
            if (turn.State == TurnState.Waiting)
                Dismiss(turn, Outcome.Abandoned);
            else if (turn.State == TurnState.Leased)
                next = Release(turn, _time.GetTimestamp());
        }

        AdmitLater(next);
    }

    /// <summary>
    /// The processor has left. Its outcome counts unless the turn was decided before. The next turn is granted, or the
    /// client keeps this one as a lease.
    /// </summary>
    /// <param name="turn">The turn in hand.</param>
    /// <param name="outcome">How the request ended, as its processor sees it.</param>
    /// <param name="isAwaited">
    /// Whether the client awaits <see cref="Turn.Verdict"/>. One whose turn ends within its own call reads <see cref="Turn.Decided"/>.
    /// </param>
    /// <exception cref="InvalidOperationException">The turn is over already; nothing is given back.</exception>
    public void End(Turn turn, Outcome outcome, bool isAwaited = true)
    {
        Turn? next = null;
        OutcomeSource? verdict = null;
        TimeSpan took;
        TimeSpan? waited = null;
        if (_telemetry is { IsRead: true })
            _ = turn.Client.RemoteText; // computed by the end point's own code, which must not run under the lock
        lock (_sync)
        {
            if (turn != _holder || turn.State is not (TurnState.Running or TurnState.Recovering or TurnState.Overdue))
                throw AlreadyOver(turn);

            var now = _time.GetTimestamp();
            turn.EndedAt = now;
            took = _time.GetElapsedTime(turn.StartedAt, now);
            if (!turn.IsDecided)
            {
                turn.IsDecided = true;
                turn.Decided = outcome;
                verdict = isAwaited ? turn.Verdict : null;
            }

            // Under the lock, so that turns are published in their order; it only fills bounded channels.
            if (_telemetry is { IsRead: true })
                _telemetry.TurnEnded(turn.Client, new TurnEnd(turn.Decided, turn.ArrivedAt, turn.StartedAt, now, turn.RequestBytes, turn.ReplyBytes));

            // Also forgets what the processor may have left registered.
            if (!_cancellation.TryReset())
                _cancellation = new CancellationTokenSource();

            if (turn.State == TurnState.Running && _turnLimits.Options.Hold != Hold.Request && !turn.HasLeft)
            {
                turn.State = TurnState.Leased;
                RestartSilence(now);
            }
            else if ((next = Release(turn, now)) is not null)
            {
                waited = _time.GetElapsedTime(next.ArrivedAt, now);
            }
        }

        _metrics.Took(took);
        if (waited is { } time)
            _metrics.Waited(time);
        if (_handsOverInline)
        {
            // The next holder first: the resource works again before a reply is sent.
            InlineContinuations.Run(next?.Admission.Post(Outcome.Ok), verdict?.Post(outcome));
            return;
        }

        next?.Admission.Set(Outcome.Ok);
        verdict?.Set(outcome);
    }

    /// <summary>
    /// It is known how the request ended, but the resource is not ready for the next turn: the client is told, and the gate
    /// stays shut until <see cref="End"/>.
    /// </summary>
    public void CompleteEarly(Turn turn, Outcome outcome)
    {
        lock (_sync)
        {
            if (turn.State != TurnState.Running)
                return;
            turn.State = TurnState.Recovering;
            turn.CompletedEarly = true;
            if (turn.IsDecided)
                return;
            turn.IsDecided = true;
            turn.Decided = outcome;
            turn.Verdict.Set(outcome);
        }
    }

    /// <summary>
    /// Has <paramref name="guard"/> called, outside the lock, when the turn's time is over and before its client is told: there
    /// it is prevented what must not happen any more once the client knows. Short, and throws nothing. Forgotten when the turn is over.
    /// </summary>
    /// <returns><see langword="false"/>: the turn's time is over already.</returns>
    public bool TryGuard(Turn turn, Action guard)
    {
        lock (_sync)
        {
            if (_holder != turn || turn.State != TurnState.Running)
                return false;
            turn.Guard = guard;
            return true;
        }
    }

    /// <summary>Only now is the resource ready for the turn in hand: its time begins again.</summary>
    public void Restart(Turn turn)
    {
        lock (_sync)
        {
            if (_holder != turn || turn.State != TurnState.Running)
                return;
            turn.StartedAt = _time.GetTimestamp();
            _timer.NotLaterThan(_turnLimits.TurnDue(turn));
        }
    }

    /// <summary>The holder of a lease has sent something, though not a whole request yet: it is not silent.</summary>
    public void Touch(Turn turn)
    {
        lock (_sync)
        {
            if (turn.State == TurnState.Leased)
                RestartSilence(_time.GetTimestamp());
        }
    }

    /// <summary>A place in line, where there is one. Under the lock.</summary>
    private ValueTask<Outcome> EnterLine(Turn turn, long now)
    {
        var options = _limits.Options;
        if (_line.CountsAddresses && turn.Client.Address is { } address && _line.CountOf(address) >= options.MaxQueuePerAddress)
            return new(Outcome.Busy);

        if (_line.Count >= options.MaxQueue)
        {
            // Otherwise many clients of a low class would shut out those of a higher one.
            if (_line.YoungestOfLowestClass is not { } youngest || youngest.Priority <= turn.Priority)
                return new(Outcome.Busy);
            Dismiss(youngest, Outcome.Busy);
        }

        turn.Admission.Reset();
        turn.State = TurnState.Waiting;
        _line.Add(turn);
        _timer.NotLaterThan(now + _limits.WaitTimeout);
        return turn.Admission.Task;
    }

    /// <summary>Giving back another's permit, or nobody's, must not open the gate. In a test it ends the run.</summary>
    private static InvalidOperationException AlreadyOver(Turn turn)
    {
        const string Message = "A turn that is over was to be ended again.";
        Debug.Fail(Message, $"{turn.Client.Id} is {turn.State}");
        return new InvalidOperationException(Message);
    }

    /// <summary>The permit is this turn's. Under the lock.</summary>
    private void Grant(Turn turn, long now)
    {
        _holder = turn;
        _turnLimits = _limits;
        turn.HeldSince = now;
        Begin(turn, now);
    }

    /// <summary>A request begins in a turn that its client holds. Under the lock.</summary>
    private void Begin(Turn turn, long now)
    {
        turn.State = TurnState.Running;
        turn.StartedAt = now;
        turn.Cancelled = _cancellation.Token;
        turn.IsDecided = false;
        turn.RequestBytes = turn.ReplyBytes = 0;
        turn.Guard = null;
        turn.Verdict.Reset();
        _timer.NotLaterThan(_turnLimits.TurnDue(turn));
    }

    /// <summary>Out of the line, ungranted. Under the lock: the waiting client continues on the pool.</summary>
    private void Dismiss(Turn turn, Outcome outcome)
    {
        _line.Remove(turn);
        turn.State = TurnState.Out;
        turn.Admission.Set(outcome);
    }

    /// <summary>The turn is nobody's, or the next one's. Under the lock.</summary>
    /// <returns>Who has the next turn, and is to be told so.</returns>
    private Turn? Release(Turn turn, long now)
    {
        turn.State = TurnState.Out;
        if (_isPaused || _line.TakeNext() is not { } next)
        {
            _holder = null;
            _exclusion.Release();
            return null;
        }

        // The permit passes from hand to hand: nobody can take it in between, and releasing it first would cost a tenth of the hand-over.
        Grant(next, now);
        return next;
    }

    /// <summary>Tells a waiting client, outside the lock, that it has the turn. It continues on the pool.</summary>
    private void AdmitLater(Turn? next)
    {
        if (next is null)
            return;
        _metrics.Waited(_time.GetElapsedTime(next.ArrivedAt, next.StartedAt));
        next.Admission.Set(Outcome.Ok);
    }
}
