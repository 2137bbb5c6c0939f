using System.Buffers;
using System.Text;

namespace SocketSync.TestHost;

/// <summary>Asks its client a question during the turn, and numbers the answers of all clients.</summary>
internal sealed class Converse(Stage stage) : IRequestProcessor
{
    private int _served;

    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        using var visit = stage.Enter(context.Resource, Encoding.Latin1.GetString(context.Request).TrimEnd('\r', '\n'));
        context.Reply.Write("which program?\n"u8);
        await context.SendAsync(cancellationToken);
        if (await context.ReceiveAsync(cancellationToken) is not { } answer) return;
        context.Reply.Write(Encoding.ASCII.GetBytes($"{++_served}: "));
        foreach (var segment in answer) context.Reply.Write(segment.Span);
    }
}
