using System.Buffers;

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

/// <summary>
/// A processor whose reply is there when the call returns, and which neither fails nor converses. It needs no context: the
/// reply goes from where it is to the client, and the replies to a batch of requests go out together.
/// </summary>
internal interface IImmediateProcessor : IRequestProcessor
{
    /// <summary>Answers one request, in its turn.</summary>
    /// <returns>The reply, valid for as long as <paramref name="request"/> is.</returns>
    ReadOnlySequence<byte> Answer(in ReadOnlySequence<byte> request);

    ValueTask IRequestProcessor.ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        foreach (var segment in Answer(context.Request))
            context.Reply.Write(segment.Span);
        return ValueTask.CompletedTask;
    }
}

/// <summary>A processor that has a device behind it.</summary>
internal interface ILinkedProcessor
{
    LinkKeeper Keeper { get; }

    /// <summary>The Modbus units that do not answer and are not asked for a while.</summary>
    IReadOnlyList<int> RestingUnits => [];

    /// <summary>What a request is told at once, in place of standing in line; it costs the device nothing.</summary>
    Outcome? Refusal(Client client, in ReadOnlySequence<byte> request) => null;
}

/// <summary>
/// A processor whose resource may need time to itself after a request that went wrong: the client is told at once, but the
/// next turn, and its time, begin only when <see cref="RecoverAsync"/> has completed.
/// </summary>
internal interface IResourceRecovery
{
    bool NeedsRecovery { get; }

    ValueTask RecoverAsync();
}
