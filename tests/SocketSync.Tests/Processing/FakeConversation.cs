namespace SocketSync.Tests;

/// <summary>A client that takes and sends when the test lets it.</summary>
internal sealed class FakeConversation : IConversation
{
    public List<byte[]> Sent { get; } = [];

    public Queue<byte[]> Requests { get; } = [];

    /// <summary>While set, a call waits for it, or for its token.</summary>
    public TaskCompletionSource? Gate { get; set; }

    /// <summary>Waits for <see cref="TurnGate"/> even when it is told to stop.</summary>
    public bool IsStubborn { get; set; }

    public int Calls { get; private set; }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        Calls++;
        Sent.Add(bytes.ToArray());
        await WaitAsync(cancellationToken);
    }

    public async ValueTask<bool> ReceiveAsync(PooledBuffer request, CancellationToken cancellationToken)
    {
        Calls++;
        await WaitAsync(cancellationToken);
        if (!Requests.TryDequeue(out var next))
            return false;
        request.Set(new(next));
        return true;
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (Gate is { } gate)
            await (IsStubborn ? gate.Task : gate.Task.WaitAsync(cancellationToken)).ConfigureAwait(false);
    }
}
