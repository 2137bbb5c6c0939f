using System.Buffers;

namespace SocketSync;

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
