using System.Diagnostics;

namespace SocketSync;

/// <summary>Decides whose turn it is.</summary>
/// <remarks>
/// <para>Guaranteed, whatever is cancelled, reset, late or thrown:</para>
/// <list type="bullet">
/// <item>At most one turn is held. Whoever is granted one has the semaphore's permit, taken or handed over; it is given
/// up only by <see cref="End"/>, which is called when the processor has really left, or when a lease ends between two
/// requests.</item>
/// <item>Turns are granted in the order of <see cref="WaitLine"/>, decided here under one lock. The order in which
/// <see cref="SemaphoreSlim"/> serves its waiters is documented nowhere, so nobody ever waits on it: it is only tried.</item>
/// <item>Every <see cref="Enter"/> completes exactly once: granted, refused, or left. Every permit that was taken comes
/// back exactly once.</item>
/// <item>A refusal takes no permit and runs nothing.</item>
/// <item>A turn that is over cannot be ended again: <see cref="End"/> throws, and gives nothing back.</item>
/// <item>Nobody else's code runs under the lock: no listener to the metrics, no client's end point.</item>
/// <item>An uncontended turn allocates nothing, nor does one that waits.</item>
/// </list>
/// <para>Not guaranteed: that a processor stops when its time is over (it is told, and the gate stays shut until it
/// does); re-entrance (a processor that asks for a turn of its own resource waits for itself until it times out).</para>
/// </remarks>
internal sealed partial class Gate : IDisposable
{
    private readonly SemaphoreSlim _exclusion = new(1, 1);
    private readonly Lock _sync = new();
    private readonly WaitLine _line = new();
    private readonly TimeProvider _time;
    private readonly TurnMetrics _metrics;
    private readonly Alarm _alarm;
    private readonly bool _handsOverInline;
    private readonly ResourceWatch? _watch;

    private GateLimits _limits;      // what holds for the next turn
    private GateLimits _turnLimits;  // what holds for the turn in hand
    private Turn? _holder;
    private long _quietSince;
    private bool _isClosed;
    private CancellationTokenSource _cancellation = new();

    /// <param name="options">Its limits.</param>
    /// <param name="time">Measures them.</param>
    /// <param name="metrics">Told how long is waited and held.</param>
    /// <param name="handsOverInline">
    /// Whoever ends a turn goes on with the next one, on the same thread; only where what is done in a turn never blocks.
    /// Otherwise the next one goes on from the thread pool.
    /// </param>
    /// <param name="watch">Told of each turn that ends.</param>
    public Gate(GateOptions options, TimeProvider time, TurnMetrics metrics, bool handsOverInline = false, ResourceWatch? watch = null)
    {
        _time = time;
        _metrics = metrics;
        _limits = _turnLimits = new GateLimits(options, time);
        _line.CountsAddresses = options.MaxQueuePerAddress > 0;
        _handsOverInline = handsOverInline;
        _watch = watch;
        _alarm = new Alarm(time, OnAlarm);
    }

    /// <summary>
    /// Asks for a turn. Completed at once when it is granted or refused at once; else the request is in line, and the
    /// task completes with Ok (granted), Busy (waited too long), Abandoned (<see cref="Leave"/>) or Unavailable.
    /// </summary>
    /// <param name="turn">The client's.</param>
    /// <param name="arrivedAt">When the request arrived, where that is known: reading the clock takes as long as half a turn.</param>
    public ValueTask<Outcome> Enter(Turn turn, long? arrivedAt = null)
    {
        lock (_sync)
        {
            if (_isClosed)
                return new(Outcome.Unavailable);

            if (turn.IsExpelled)
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
    /// The client is gone: out of the line if it waits, and its lease ends if it has one. A running turn goes on, but
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

        TellGranted(next);
    }

    /// <summary>
    /// The processor has left. Its outcome counts unless the turn was decided before; the next turn is granted, or the
    /// client keeps this one as a lease.
    /// </summary>
    public void End(Turn turn, Outcome outcome) => Finish(turn, outcome, isAwaited: true);

    /// <summary>The same for one who does not await the verdict.</summary>
    /// <returns>How the request ended.</returns>
    public Outcome EndAtOnce(Turn turn, Outcome outcome)
    {
        Finish(turn, outcome, isAwaited: false);
        return turn.Decided;
    }

    /// <summary>
    /// It is known how the request ended, but the resource is not ready for the next turn: the client is told, and the gate
    /// stays shut until <see cref="End"/>.
    /// </summary>
    public void Settle(Turn turn, Outcome outcome)
    {
        lock (_sync)
        {
            if (turn.State != TurnState.Running)
                return;
            turn.State = TurnState.Settled;
            turn.IsOutstayed = true;
            Decide(turn, outcome);
        }
    }

    /// <summary>
    /// Has <paramref name="guard"/> called, outside the lock, when the turn's time is over and before its client is told so: what
    /// must not happen any more once it knows is prevented there. Short, and throws nothing. Forgotten when the turn is over.
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

    /// <summary>Only now is the resource ready for the turn in hand: its time begins to count anew.</summary>
    public void Restart(Turn turn)
    {
        lock (_sync)
        {
            if (_holder != turn || turn.State != TurnState.Running)
                return;
            turn.StartedAt = _time.GetTimestamp();
            _alarm.NotLaterThan(_turnLimits.TurnDue(turn));
        }
    }

    /// <summary>The holder of a lease has sent something, though not yet a whole request: it is not silent.</summary>
    public void Touch(Turn turn)
    {
        lock (_sync)
        {
            if (turn.State == TurnState.Leased)
                Silent(_time.GetTimestamp());
        }
    }

    /// <summary>Takes new settings; they hold from the next turn on.</summary>
    public void Configure(GateOptions options)
    {
        lock (_sync)
        {
            _limits = new GateLimits(options, _time);
            _line.CountsAddresses = options.MaxQueuePerAddress > 0;
            SetAlarm();
        }
    }

    /// <summary>No turn is granted any more: those who wait are refused, the one in hand is cancelled and told so.</summary>
    public void Close()
    {
        Overruled? overruled = null;
        Turn? next = null;
        lock (_sync)
        {
            _isClosed = true;
            while (_line.Oldest is { } waiting)
                Dismiss(waiting, Outcome.Unavailable);
            if (_holder is { State: TurnState.Running } running)
                overruled = Overrule(running, Outcome.Unavailable);
            else if (_holder is { State: TurnState.Leased } leased)
                next = Release(leased, _time.GetTimestamp());
        }

        TellGranted(next);
        overruled?.Tell();
    }

    /// <summary>
    /// Closes it for good. A processor may still be inside and an alarm under way; neither may find anything disposed of.
    /// The semaphore and the source have no wait handle, and so nothing to give back.
    /// </summary>
    public void Dispose()
    {
        Close();
        _alarm.Dispose();
    }

    /// <summary>A place in line, where there is one. Under the lock.</summary>
    private ValueTask<Outcome> EnterLine(Turn turn, long now)
    {
        var options = _limits.Options;
        if (_line.CountsAddresses && turn.Client.Address is { } address && _line.CountOf(address) >= options.MaxQueuePerAddress)
            return new(Outcome.Busy);

        if (_line.Count >= options.MaxQueue)
        {
            // Else clients of a low class, who need only be many, would shut out those of a higher one.
            if (_line.YoungestOfLowestClass is not { } youngest || youngest.Priority <= turn.Priority)
                return new(Outcome.Busy);
            Dismiss(youngest, Outcome.Busy);
        }

        turn.Admission.Reset();
        turn.State = TurnState.Waiting;
        _line.Add(turn);
        _alarm.NotLaterThan(now + _limits.WaitTimeout);
        return turn.Admission.Task;
    }

    private void Finish(Turn turn, Outcome outcome, bool isAwaited)
    {
        Turn? next;
        Signal? verdict = null;
        TimeSpan took;
        TimeSpan? waited = null;
        if (_watch is { IsRead: true })
            _ = turn.Client.RemoteText; // an end point's own code, which is not to run under the lock
        lock (_sync)
        {
            if (turn != _holder || turn.State is not (TurnState.Running or TurnState.Settled or TurnState.Overdue))
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

            // Under the lock, so that they are told in their order.
            if (_watch is { IsRead: true })
                _watch.TurnEnded(turn.Client, new TurnEnd(turn.Decided, turn.ArrivedAt, turn.StartedAt, now, turn.RequestBytes, turn.ReplyBytes));

            // Also forgets what the processor may have left registered.
            if (!_cancellation.TryReset())
                _cancellation = new CancellationTokenSource();

            if (turn.State == TurnState.Running && _turnLimits.Options.Hold != Hold.Request && !turn.HasLeft)
            {
                next = null;
                turn.State = TurnState.Leased;
                Silent(now);
            }
            else
            {
                next = Release(turn, now);
                if (next is not null)
                    waited = _time.GetElapsedTime(next.ArrivedAt, now);
            }
        }

        _metrics.Took(took);
        if (waited is { } time)
            _metrics.Waited(time);
        if (_handsOverInline)
        {
            HandOver.Run(next?.Admission, verdict, outcome);
            return;
        }

        Admit(next);
        verdict?.Set(outcome);
    }

    /// <summary>Whoever gives back what is another's, or nobody's, must not open the gate. In a test it ends the run.</summary>
    private static InvalidOperationException AlreadyOver(Turn turn)
    {
        const string Message = "A turn that is over was to be ended again.";
        Debug.Fail(Message, $"{turn.Client.Id} is {turn.State}");
        return new InvalidOperationException(Message);
    }

    /// <summary>The permit is this turn's.</summary>
    private void Grant(Turn turn, long now)
    {
        _holder = turn;
        _turnLimits = _limits;
        turn.HeldSince = now;
        Begin(turn, now);
    }

    /// <summary>A request begins in a turn that its client holds.</summary>
    private void Begin(Turn turn, long now)
    {
        turn.State = TurnState.Running;
        turn.StartedAt = now;
        turn.Cancelled = _cancellation.Token;
        turn.IsDecided = false;
        turn.RequestBytes = turn.ReplyBytes = 0;
        turn.Guard = null;
        turn.Verdict.Reset();
        _alarm.NotLaterThan(_turnLimits.TurnDue(turn));
    }

    private static void Decide(Turn turn, Outcome outcome)
    {
        if (turn.IsDecided)
            return;
        turn.IsDecided = true;
        turn.Decided = outcome;
        turn.Verdict.Set(outcome);
    }

    private void Dismiss(Turn turn, Outcome outcome)
    {
        _line.Remove(turn);
        turn.State = TurnState.Out;
        turn.Admission.Set(outcome);
    }

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

        // The permit passes from hand to hand: nobody could take it in between, and giving it back first costs a tenth of the hand-over.
        Grant(next, now);
        return next;
    }

    /// <summary>Tells the one who has waited that the turn is its own, outside the lock.</summary>
    private void TellGranted(Turn? next)
    {
        if (next is null)
            return;
        _metrics.Waited(_time.GetElapsedTime(next.ArrivedAt, next.StartedAt));
        Admit(next);
    }

    private static void Admit(Turn? next) => next?.Admission.Set(Outcome.Ok);
}
