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
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    // Each client that pushes while it waits for its turn costs so much.
    private const long ReadBufferSize = 64 * 1024;

    public bool CanBind(EndPoint endpoint) => endpoint is ListenerEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = (ListenerEndPoint)endpoint;
        var options = new SocketConnectionFactoryOptions
        {
            UnsafePreferInlineScheduling = listener.PreferInlineScheduling,
            MaxReadBufferSize = ReadBufferSize,
            // A flush then completes when the client's system has taken the reply, which is what SendTimeout is about.
            MaxWriteBufferSize = 1,
            WaitForDataBeforeAllocatingBuffer = true,
        };
        var contexts = new SocketConnectionContextFactory(
            options, loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));
        return ValueTask.FromResult<IConnectionListener>(new AcceptingListener(
            listener, contexts, DescriptorReserve.OfThisProcess, time, loggers.CreateLogger<ListenerTransport>()));
    }
}
