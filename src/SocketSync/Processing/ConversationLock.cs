using System.Diagnostics.CodeAnalysis;

namespace SocketSync;

/// <summary>
/// Guards a client's connection during a turn: the processor may use it, one call at a time, until the turn is over; then the
/// connection itself, once a call in progress has returned.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has neither a timer nor a link nor a wait handle, and so nothing to dispose of.")]
internal sealed class ConversationLock
{
    private const int Closed = 0;
    private const int Free = 1;
    private const int InUse = 2;
    private const int Closing = 3;

    private CancellationTokenSource _over = new();
    private TaskCompletionSource? _left;
    private int _state;

    /// <summary>Cancelled when a call in progress must end because the turn is over.</summary>
    public CancellationToken TurnIsOver => _over.Token;

    public void Open() => Volatile.Write(ref _state, Free);

    public void Enter()
    {
        switch (Interlocked.CompareExchange(ref _state, InUse, Free))
        {
            case Free:
                return;
            case InUse:
                throw new InvalidOperationException("Another send or receive of this turn is still under way.");
            default:
                throw new OperationCanceledException("The turn is over.");
        }
    }

    public void Exit()
    {
        if (Interlocked.CompareExchange(ref _state, Free, InUse) == InUse)
            return;

        var left = _left!;
        _over = new CancellationTokenSource();
        Volatile.Write(ref _state, Closed);
        left.SetResult();
    }

    /// <summary>Revokes the processor's access. Cancels a call in progress, and completes when it has returned.</summary>
    public ValueTask CloseAsync()
    {
        while (Interlocked.CompareExchange(ref _state, Closed, Free) is InUse)
        {
            var left = _left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var over = _over;
            if (Interlocked.CompareExchange(ref _state, Closing, InUse) != InUse)
                continue; // the call has returned between the two checks

            over.CancelInBackground();
            return new ValueTask(left.Task);
        }

        return ValueTask.CompletedTask;
    }
}
