using Orleans.Runtime;

namespace SocketSync;

/// <summary>What Orleans calls when its silo cannot go on, mostly because the other nodes have declared it dead.</summary>
internal sealed class SiloDeath(Action<string> died) : IFatalErrorHandler
{
    private volatile bool _isExpected;
    private volatile bool _isGivenUp;

    /// <summary>Whether the silo is not this node's any more, though it may still be ending.</summary>
    public bool IsGivenUp => _isGivenUp;

    /// <summary>The silo leaves the cluster, in the end by writing its own death: that is no news to anybody.</summary>
    public void Expect() => _isExpected = true;

    /// <summary>What becomes of the silo matters to nobody from now on, and it may not touch what its successor uses.</summary>
    public void GiveUp() => _isExpected = _isGivenUp = true;

    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException and not ObjectDisposedException;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        if (!_isExpected)
            died(exception is null ? "the other nodes have declared this one dead" : $"the silo has failed: {exception.GetBaseException().Message.ReplaceLineEndings(" ")}");
    }
}
