using System.Threading.Tasks.Sources;

namespace SocketSync;

/// <summary>
/// An outcome that one party sets once and one party awaits once, used over and over without an allocation. The one who
/// awaits goes on from the thread pool, never inside the call that set the outcome.
/// </summary>
internal sealed class Signal : IValueTaskSource<Outcome>
{
    private ManualResetValueTaskSourceCore<Outcome> _core = new() { RunContinuationsAsynchronously = true };

    public ValueTask<Outcome> Task => new(this, _core.Version);

    /// <summary>Makes it ready for the next use. The earlier outcome must have been awaited, or be of no interest.</summary>
    public void Reset() => _core.Reset();

    public void Set(Outcome outcome) => _core.SetResult(outcome);

    Outcome IValueTaskSource<Outcome>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<Outcome>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<Outcome>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
