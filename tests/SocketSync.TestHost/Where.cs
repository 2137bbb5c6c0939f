using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.TestHost;

/// <summary>
/// Replies with the kind of thread that its code runs on, "io" or "pool": at its start, after an await of a socket of its own, after a
/// send to its client, and after its client's next request.
/// </summary>
internal sealed class Where : IRequestProcessor, IAsyncDisposable
{
    private readonly Socket _asking = new(SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _answering = new(SocketType.Dgram, ProtocolType.Udp);

    public Where()
    {
        _asking.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        _answering.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        _asking.Connect(_answering.LocalEndPoint!);
        _answering.Connect(_asking.LocalEndPoint!);
    }

    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        List<string> places = [Here()];

        var answer = _asking.ReceiveAsync(new byte[1], cancellationToken); // nothing is here yet: it completes later, on the I/O thread
        await _answering.SendAsync(new byte[1], cancellationToken);
        await answer;
        places.Add(Here());

        context.Reply.Write("and?\n"u8);
        await context.SendAsync(cancellationToken);
        places.Add(Here());

        await context.ReceiveAsync(cancellationToken);
        places.Add(Here());
        context.Reply.Write(Encoding.ASCII.GetBytes(string.Join(' ', places) + "\n"));
    }

    public ValueTask DisposeAsync()
    {
        _asking.Dispose();
        _answering.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string Here() => Thread.CurrentThread.IsThreadPoolThread ? "pool" : "io";
}
