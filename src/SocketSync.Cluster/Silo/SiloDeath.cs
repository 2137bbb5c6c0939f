using Orleans.Runtime;

namespace SocketSync;

/// <summary>What Orleans calls when its silo cannot go on, mostly because the other nodes have declared it dead.</summary>
internal sealed class SiloDeath(Action<string> died) : IFatalErrorHandler
{
    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException and not ObjectDisposedException;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null) =>
        died(exception is null ? "the other nodes have declared this one dead" : $"the silo has failed: {exception.GetBaseException().Message.ReplaceLineEndings(" ")}");
}
