using System.Diagnostics;

namespace SocketSync;

/// <summary>Grants the turns of a resource.</summary>
/// <remarks>
/// <para>Guaranteed, whatever is cancelled, reset, late or thrown:</para>
/// <list type="bullet">
/// <item>At most one turn is held. Its holder has the semaphore's permit, acquired or handed over. The permit is released in one place,
/// <see cref="Release"/>: when the processor has really returned (<see cref="End"/>), or when a lease ends between two requests.</item>
/// <item>Turns are granted in the order of <see cref="WaitLine"/>, decided here under one lock. The order in which
/// <see cref="SemaphoreSlim"/> serves its waiters is not documented, so no code ever waits on it: it is only tried.</item>
/// <item>Every <see cref="Enter"/> completes exactly once: granted, refused, or abandoned. Every acquired permit is released
/// exactly once.</item>
/// <item>A refusal acquires no permit and runs nothing.</item>
/// <item>A turn that is over cannot be ended again: <see cref="End"/> throws, and releases nothing.</item>
/// <item>No foreign code runs under the lock: no metrics listener, no client's <see cref="System.Net.EndPoint"/>, no callback.</item>
/// <item>A turn allocates nothing, whether it is granted at once or has to wait.</item>
/// </list>
/// <para>Not guaranteed: that a processor stops when its turn times out (it is cancelled, and the gate stays closed until it
/// returns); re-entrance (a processor that asks for a turn of its own resource waits for itself until it times out).</para>
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
    private GateLimits _turnLimits;  // for the current turn
    private Turn? _holder;
    private long _quietSince;
    private bool _isPaused;
    private bool _isClosed;
    private CancellationTokenSource _cancellation = new();

    /// <param name="options">The gate's limits.</param>
    /// <param name="time">Measures the timeouts.</param>
    /// <param name="metrics">Records how long requests wait, and how long turns take.</param>
    /// <param name="handsOverInline">
    /// Whether the thread that ends a turn continues the next holder; only if nothing in a turn blocks. Otherwise the next holder
    /// continues on the thread pool. See <see cref="Dispatcher"/>, rule 5.
    /// </param>
    /// <param name="telemetry">Publishes each turn that ends.</param>
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
    /// Asks for a turn. Completes synchronously if the turn is granted or refused at once. Otherwise the request waits, and the
    /// task completes with Ok (granted), Busy (waited too long), Abandoned (<see cref="Leave"/>), Unavailable, or as
    /// <see cref="TryDismiss"/> says.
    /// </summary>
    /// <param name="turn">The client's turn object.</param>
    /// <param name="arrivedAt">When the request arrived, if known: reading the clock takes half as long as a turn.</param>
    /// <param name="mayWait"><see langword="false"/> for a request that is Busy unless it gets its turn at once.</param>
    public ValueTask<Outcome> Enter(Turn turn, long? arrivedAt = null, bool mayWait = true)
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
                return mayWait ? EnterLine(turn, now) : new(Outcome.Busy);
            Grant(turn, now);
        }

        return new(Outcome.Ok);
    }

    /// <summary>
    /// Handles the client's departure. It leaves the queue if it waits; its lease, if any, ends. A running turn continues, but does
    /// not become a lease.
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

    /// <summary>Takes a turn that still waits out of the queue, because its request needs the resource no more.</summary>
    /// <param name="turn">The turn, of a request that is not over; its client may reuse it afterwards.</param>
    /// <param name="outcome">How its wait ends.</param>
    /// <returns><see langword="false"/> if it does not wait: it was granted, or has ended otherwise.</returns>
    public bool TryDismiss(Turn turn, Outcome outcome)
    {
        lock (_sync)
        {
            if (turn.State != TurnState.Waiting)
                return false;
            Dismiss(turn, outcome);
            return true;
        }
    }

    /// <summary>
    /// Ends a turn whose processor has returned. Its outcome counts unless the turn was decided before. Then the next turn is
    /// granted, or the client keeps this one as a lease.
    /// </summary>
    /// <param name="turn">The current turn.</param>
    /// <param name="outcome">The outcome of the request according to its processor.</param>
    /// <param name="isAwaited">
    /// Whether the client awaits <see cref="Turn.Verdict"/>. A client whose turn ends within its own call reads <see cref="Turn.Decided"/>.
    /// </param>
    /// <exception cref="InvalidOperationException">The turn is already over; no permit is released.</exception>
    public void End(Turn turn, Outcome outcome, bool isAwaited = true)
    {
        Turn? next = null;
        OutcomeSource? verdict = null;
        TurnMetrics.Batch? durations;
        if (_telemetry is { HasReaders: true })
            _ = turn.Client.RemoteText; // computed by the EndPoint's own code, which must not run under the lock
        lock (_sync)
        {
            if (turn != _holder || turn.State is not (TurnState.Running or TurnState.Recovering or TurnState.Overdue))
                throw AlreadyOver(turn);

            var now = _time.GetTimestamp();
            turn.EndedAt = now;
            _metrics.Took(_time.GetElapsedTime(turn.StartedAt, now));
            if (!turn.IsDecided)
            {
                turn.IsDecided = true;
                turn.Decided = outcome;
                verdict = isAwaited ? turn.Verdict : null;
            }

            // Under the lock, so that turns are published in order; this only writes to bounded channels.
            if (_telemetry is { HasReaders: true })
                _telemetry.TurnEnded(turn.Client, new TurnEnd(turn.Decided, turn.ArrivedAt, turn.StartedAt, now, turn.RequestBytes, turn.ReplyBytes, turn.Payload));

            // Also drops callbacks that the processor may have left registered.
            if (!_cancellation.TryReset())
                _cancellation = new CancellationTokenSource();

            if (turn.State == TurnState.Running && _turnLimits.Options.Hold != Hold.Request && !turn.HasLeft)
            {
                turn.State = TurnState.Leased;
                RestartSilence(now);
            }
            else
            {
                next = Release(turn, now);
            }

            durations = _metrics.TakeWhole();
        }

        if (durations is not null)
            _metrics.Record(durations);
        if (_handsOverInline && (next is not null || verdict is not null))
        {
            // The next holder first, so that the resource works again before the reply is sent.
            InlineContinuations.Run(next?.Admission.Post(Outcome.Ok), verdict?.Post(outcome));
            return;
        }

        next?.Admission.Set(Outcome.Ok);
        verdict?.Set(outcome);
    }

    /// <summary>
    /// Reports the outcome to the client before the resource is ready for the next turn. The gate stays closed until
    /// <see cref="End"/>.
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
    /// Registers a callback that runs, outside the lock, when the turn times out and before the client is told. It prevents effects
    /// that must not happen once the client knows. It must be short and must not throw. It is removed when the turn is over.
    /// </summary>
    /// <returns><see langword="false"/> if the turn has already timed out.</returns>
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

    /// <summary>Restarts the timeout of the current turn, because the resource was not ready before.</summary>
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

    /// <summary>Restarts the quiet time of a lease, because its holder has sent part of a request.</summary>
    public void Touch(Turn turn)
    {
        lock (_sync)
        {
            if (turn.State == TurnState.Leased)
                RestartSilence(_time.GetTimestamp());
        }
    }

    /// <summary>Adds the turn to the queue if there is room. Called under the lock.</summary>
    private ValueTask<Outcome> EnterLine(Turn turn, long now)
    {
        var options = _limits.Options;
        if (_line.CountsAddresses && turn.Client.Address is { } address && _line.CountOf(address) >= options.MaxQueuePerAddress)
            return new(Outcome.Busy);

        if (_line.Count >= options.MaxQueue)
        {
            // Otherwise many clients of a low priority would lock out those of a higher one.
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

    /// <summary>
    /// Creates the exception for a second end of a turn: releasing a permit that the turn does not hold must not open the gate.
    /// Fails a test run.
    /// </summary>
    private static InvalidOperationException AlreadyOver(Turn turn)
    {
        const string Message = "A turn that is over was to be ended again.";
        Debug.Fail(Message, $"{turn.Client.Id} is {turn.State}");
        return new InvalidOperationException(Message);
    }

    /// <summary>Makes the turn the holder of the permit. Called under the lock.</summary>
    private void Grant(Turn turn, long now)
    {
        _metrics.Waited(_time.GetElapsedTime(turn.ArrivedAt, now));
        _holder = turn;
        _turnLimits = _limits;
        turn.HeldSince = now;
        Begin(turn, now);
    }

    /// <summary>Begins a request in a turn that its client holds. Called under the lock.</summary>
    private void Begin(Turn turn, long now)
    {
        turn.State = TurnState.Running;
        turn.StartedAt = now;
        turn.Cancelled = _cancellation.Token;
        turn.IsDecided = false;
        turn.RequestBytes = turn.ReplyBytes = 0;
        turn.Payload = null;
        turn.Guard = null;
        turn.Verdict.Reset();
        _timer.NotLaterThan(_turnLimits.TurnDue(turn));
    }

    /// <summary>Removes a turn from the queue without granting it. Called under the lock: the client continues on the thread pool.</summary>
    private void Dismiss(Turn turn, Outcome outcome)
    {
        _line.Remove(turn);
        turn.State = TurnState.Out;
        turn.Admission.Set(outcome);
    }

    /// <summary>Hands the permit over to the next turn, or releases it if there is none. Called under the lock.</summary>
    /// <returns>The next holder, which the caller has to notify; or <see langword="null"/>.</returns>
    private Turn? Release(Turn turn, long now)
    {
        turn.State = TurnState.Out;
        if (_turnLimits.Options.Hold != Hold.Request)
            _telemetry?.LeaseEnded(turn.Client, turn.HeldSince, now);
        if (_isPaused || _line.TakeNext() is not { } next)
        {
            _holder = null;
            _exclusion.Release();
            return null;
        }

        // The permit is handed over directly: no other client can take it in between, and releasing it first would cost a tenth of
        // the hand-over.
        Grant(next, now);
        return next;
    }

    /// <summary>Notifies a waiting client, outside the lock, that it has the turn. The client continues on the thread pool.</summary>
    private static void AdmitLater(Turn? next) => next?.Admission.Set(Outcome.Ok);
}
