using System.Buffers;

namespace SocketSync;

/// <summary>
/// Processes the requests of a resource, one per turn. One instance serves a resource for the lifetime of the host and is never
/// called concurrently, so its state needs no lock. It is created with constructor injection and disposed at the end if it
/// implements <see cref="IAsyncDisposable"/> or <see cref="IDisposable"/>.
/// </summary>
public interface IRequestProcessor
{
    /// <summary>Processes one request. The processor holds the resource until the returned task completes.</summary>
    /// <param name="context">The request, the reply to write, and the client.</param>
    /// <param name="cancellationToken">
    /// Cancelled when the turn times out (<c>Gate:TurnTimeout</c>, <c>Gate:MaxHold</c>) or the server stops. The client has been
    /// told by then; the gate stays closed until this method has returned. Not cancelled when the client disconnects.
    /// </param>
    /// <exception cref="Exception">
    /// Any exception is reported to the client as <c>failed</c>, logged, and affects only this request; what was written to the
    /// reply and not sent is discarded.
    /// </exception>
    ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken);
}

/// <summary>A processor that is a function.</summary>
internal sealed class ProcessorFunction(Func<RequestContext, CancellationToken, ValueTask> process) : IRequestProcessor
{
    public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) => process(context, cancellationToken);
}

/// <summary>
/// A processor that returns its reply synchronously, and neither fails nor converses. It needs no context: the reply is written
/// directly to the client, and the replies to a batch of requests are flushed together.
/// </summary>
internal interface IImmediateProcessor : IRequestProcessor
{
    /// <summary>Answers one request during its turn.</summary>
    /// <returns>The reply, valid for as long as <paramref name="request"/> is.</returns>
    ReadOnlySequence<byte> Answer(in ReadOnlySequence<byte> request);

    ValueTask IRequestProcessor.ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        foreach (var segment in Answer(context.Request))
            context.Reply.Write(segment.Span);
        return ValueTask.CompletedTask;
    }
}

/// <summary>
/// A processor whose resource may need to recover after a failed request: the client is told at once, but the next turn, and its
/// timeout, begin only when <see cref="RecoverAsync"/> has completed.
/// </summary>
internal interface IResourceRecovery
{
    bool NeedsRecovery { get; }

    ValueTask RecoverAsync();
}
