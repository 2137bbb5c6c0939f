namespace SocketSync;

/// <summary>
/// A shared resource, for the host's own code: it waits in the one line with all clients, and is seen in status, events, journal and
/// metrics as client <c>local</c>. A keyed service; the key is the resource's name.
/// </summary>
/// <remarks>
/// Thread-safe. A turn is not re-entrant: a processor, or work in a turn, that asks for a turn of the same resource waits for itself
/// until its turn times out.
/// </remarks>
public interface ISharedResource
{
    /// <summary>The resource's name.</summary>
    string Name { get; }

    /// <summary>Runs code in a turn: nobody else uses the resource meanwhile.</summary>
    /// <param name="work">
    /// The code. Its token is cancelled when the turn times out (<c>Gate:TurnTimeout</c>), when an operator ends it, and with
    /// <paramref name="cancellationToken"/>; the resource stays taken until the code has returned. It runs on the thread pool.
    /// </param>
    /// <param name="priority">The class in which it waits.</param>
    /// <param name="cancellationToken">Leaves the line, or cancels the code.</param>
    /// <returns>A task that completes when the code has returned; what the code throws is thrown here.</returns>
    /// <exception cref="TurnRefusedException">There was no turn: the line is full or moved too slowly, or the resource cannot be used now.</exception>
    /// <exception cref="TimeoutException">The turn took longer than allowed. The code has returned by now.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    Task RunAsync(Func<CancellationToken, ValueTask> work, Priority priority = Priority.Normal, CancellationToken cancellationToken = default);

    /// <summary>Passes a request, as a client would that connects and waits for the reply.</summary>
    /// <param name="request">
    /// Exactly one request of the resource's protocol, its delimiter or length header included. It must not change until the reply is
    /// there.
    /// </param>
    /// <param name="priority">The class in which it waits.</param>
    /// <param name="cancellationToken">
    /// Leaves the line. A request that has its turn already is carried out, as it is for a client that disconnects; nobody waits for
    /// its reply any more.
    /// </param>
    /// <returns>The reply, or what came of the request instead. No outcome is thrown.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    Task<SharedReply> AskAsync(ReadOnlyMemory<byte> request, Priority priority = Priority.Normal, CancellationToken cancellationToken = default);
}

/// <summary>More ways to use a shared resource.</summary>
public static class SharedResourceExtensions
{
    /// <summary>Runs code in a turn and returns what it returns, otherwise as <see cref="ISharedResource.RunAsync"/>.</summary>
    /// <typeparam name="T">What it returns.</typeparam>
    /// <param name="resource">The resource.</param>
    /// <param name="work">The code.</param>
    /// <param name="priority">The class in which it waits.</param>
    /// <param name="cancellationToken">Leaves the line, or cancels the code.</param>
    /// <returns>What the code has returned.</returns>
    /// <exception cref="TurnRefusedException">There was no turn.</exception>
    /// <exception cref="TimeoutException">The turn took longer than allowed. The code has returned by now, and what it returned is lost.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static async Task<T> RunAsync<T>(
        this ISharedResource resource, Func<CancellationToken, ValueTask<T>> work, Priority priority = Priority.Normal, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(work);
        T result = default!;
        await resource.RunAsync(async token => result = await work(token), priority, cancellationToken);
        return result;
    }
}

/// <summary>What came of a request of the host's own code.</summary>
/// <param name="Outcome">How it has ended.</param>
/// <param name="Bytes">The reply, with all that was sent during the turn; empty unless <see cref="IsAnswered"/>.</param>
public sealed record SharedReply(Outcome Outcome, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Whether the request was answered, by the processor or by a reply that was kept.</summary>
    public bool IsAnswered => Outcome.IsAnswered();
}

/// <summary>The resource gave no turn.</summary>
public sealed class TurnRefusedException : Exception
{
    internal TurnRefusedException(string resource, Outcome outcome)
        : base($"Resource {resource} gave no turn: {Words(outcome)}.") => Outcome = outcome;

    /// <summary>Why: <see cref="SocketSync.Outcome.Busy"/> or <see cref="SocketSync.Outcome.Unavailable"/>.</summary>
    public Outcome Outcome { get; }

    private static string Words(Outcome outcome) => outcome switch
    {
        Outcome.Busy => "it is in use, and too many wait or it took too long (busy)",
        _ => "it cannot be used now (unavailable)",
    };
}
