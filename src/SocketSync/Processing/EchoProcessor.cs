using System.Buffers;

namespace SocketSync;

/// <summary>Replies with the request.</summary>
internal sealed class EchoProcessor : IRequestProcessor
{
    public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        foreach (var segment in context.Request)
            context.Reply.Write(segment.Span);
        return ValueTask.CompletedTask;
    }
}
