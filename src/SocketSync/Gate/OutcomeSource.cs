using System.Threading.Tasks.Sources;

namespace SocketSync;

/// <summary>An outcome that one party sets once and one party awaits once, used again and again without an allocation.</summary>
internal sealed class OutcomeSource : InlineContinuation, IValueTaskSource<Outcome>
{
    private ManualResetValueTaskSourceCore<Outcome> _core;
    private Outcome _posted;
    private short _postedFor;
    private bool _isPosted;

    public ValueTask<Outcome> Task => new(this, _core.Version);

    /// <summary>Makes it ready for the next use. The earlier outcome must have been awaited, or be of no interest.</summary>
    public void Reset() => _core.Reset();

    /// <summary>The awaiting party continues on the thread pool, never inside this call.</summary>
    public void Set(Outcome outcome)
    {
        _core.RunContinuationsAsynchronously = true;
        _core.SetResult(outcome);
    }

    /// <summary>Keeps the outcome until <see cref="Continue"/>.</summary>
    /// <returns>What is to be continued; <see langword="null"/> where it still queues for an earlier use, which is then of no interest.</returns>
    public InlineContinuation? Post(Outcome outcome)
    {
        _posted = outcome;
        _postedFor = _core.Version;
        if (_isPosted)
            return null;
        _isPosted = true;
        return this;
    }

    /// <summary>The awaiting party continues inside this call. Nothing happens if it has begun its next use meanwhile.</summary>
    internal override void Continue()
    {
        _isPosted = false;
        if (_core.Version != _postedFor)
            return;
        _core.RunContinuationsAsynchronously = false;
        _core.SetResult(_posted);
    }

    Outcome IValueTaskSource<Outcome>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<Outcome>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<Outcome>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
