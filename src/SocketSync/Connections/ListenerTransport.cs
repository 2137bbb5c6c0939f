using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Gives Kestrel the connections of SocketSync's listeners. Other endpoints keep Kestrel's own transport. Unlike that
/// one, it listens only when all is ready, can be closed before HTTP is, and stays quiet without file descriptors.
/// </summary>
internal sealed class ListenerTransport(ILoggerFactory loggers, TimeProvider time)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    // Each client that pushes while it waits for its turn costs so much.
    private const long ReadBufferSize = 64 * 1024;

    // Of all listeners together: each would keep memory pools of its own for its clients, as many as there are processors.
    private readonly Lazy<SocketConnectionContextFactory> _inline = new(() => Contexts(preferInlineScheduling: true, loggers));
    private readonly Lazy<SocketConnectionContextFactory> _queued = new(() => Contexts(preferInlineScheduling: false, loggers));

    public bool CanBind(EndPoint endpoint) => endpoint is ListenerEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = (ListenerEndPoint)endpoint;
        var contexts = listener.PreferInlineScheduling ? _inline : _queued;
        listener.IsServed = true;
        return ValueTask.FromResult<IConnectionListener>(new AcceptingListener(
            listener, contexts.Value, DescriptorReserve.OfThisProcess, time, loggers.CreateLogger<ListenerTransport>()));
    }

    /// <summary>When the host is disposed of, long after the last connection.</summary>
    public void Dispose()
    {
        foreach (var contexts in new[] { _inline, _queued }.Where(c => c.IsValueCreated)) contexts.Value.Dispose();
    }

    private static SocketConnectionContextFactory Contexts(bool preferInlineScheduling, ILoggerFactory loggers) => new(
        new SocketConnectionFactoryOptions
        {
            UnsafePreferInlineScheduling = preferInlineScheduling,
            MaxReadBufferSize = ReadBufferSize,
            // A flush then completes when the client's system has taken the reply, which is what SendTimeout is about.
            MaxWriteBufferSize = 1,
            WaitForDataBeforeAllocatingBuffer = true,
        },
        loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));
}
