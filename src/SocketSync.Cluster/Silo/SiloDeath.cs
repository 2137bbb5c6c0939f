using Orleans.Runtime;

namespace SocketSync;

/// <summary>What Orleans calls when its silo cannot go on, mostly because the other nodes have declared it dead.</summary>
internal sealed class SiloDeath(Action<string> died) : IFatalErrorHandler
{
    private volatile bool _isGivenUp;

    /// <summary>Whether the silo is not this node's any more, though it may still be ending: what becomes of it matters to nobody.</summary>
    public bool IsGivenUp => _isGivenUp;

    public void GiveUp() => _isGivenUp = true;

    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException and not ObjectDisposedException;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        if (!_isGivenUp)
            died(exception is null ? "the other nodes have declared this one dead" : $"the silo has failed: {exception.GetBaseException().Message.ReplaceLineEndings(" ")}");
    }
}
