using System.Threading.Tasks.Sources;

namespace SocketSync;

/// <summary>A reusable source of an outcome that one party sets once and one party awaits once; allocates nothing.</summary>
internal sealed class OutcomeSource : InlineContinuation, IValueTaskSource<Outcome>
{
    private ManualResetValueTaskSourceCore<Outcome> _core;
    private Outcome _posted;
    private short _postedFor;
    private bool _isPosted;

    public ValueTask<Outcome> Task => new(this, _core.Version);

    /// <summary>Prepares the source for its next use. The previous outcome must have been awaited, or must no longer matter.</summary>
    public void Reset() => _core.Reset();

    /// <summary>Sets the outcome. The continuation runs on the thread pool, never inside this call.</summary>
    public void Set(Outcome outcome)
    {
        _core.RunContinuationsAsynchronously = true;
        _core.SetResult(outcome);
    }

    /// <summary>Stores the outcome, which <see cref="Continue"/> then sets.</summary>
    /// <returns>
    /// The continuation to run; <see langword="null"/> if this source is still queued for an earlier use, whose outcome no longer matters.
    /// </returns>
    public InlineContinuation? Post(Outcome outcome)
    {
        _posted = outcome;
        _postedFor = _core.Version;
        if (_isPosted)
            return null;
        _isPosted = true;
        return this;
    }

    /// <summary>Sets the stored outcome; the continuation runs inside this call. Does nothing if the source was reset in the meantime.</summary>
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
