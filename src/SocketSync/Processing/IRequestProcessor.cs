namespace SocketSync;

/// <summary>
/// What happens during a turn. One instance serves a resource for as long as the host runs; it is never called twice at
/// once, so what it holds needs no lock. It is created with constructor injection and, where it is
/// <see cref="IAsyncDisposable"/> or <see cref="IDisposable"/>, disposed of at the end.
/// </summary>
public interface IRequestProcessor
{
    /// <summary>Processes one request. The resource belongs to it until the returned task completes.</summary>
    /// <param name="context">The request, the reply to write, and the client.</param>
    /// <param name="cancellationToken">
    /// Cancelled when the turn's time (<c>Gate:TurnTimeout</c>, <c>Gate:MaxHold</c>) is over or the server stops. The
    /// client has been told by then; the gate stays shut until this method has returned. Not cancelled when the client
    /// goes away.
    /// </param>
    /// <exception cref="Exception">
    /// Whatever is thrown is told to the client as <c>failed</c>, logged, and costs no more than this request; what was
    /// written to the reply and not sent is thrown away.
    /// </exception>
    ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken);
}
