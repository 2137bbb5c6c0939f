using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>
/// Kestrel's socket transport, except that its accept loop leaves the I/O thread. Kestrel's loop continues on the thread
/// where an accept completed, which may be the one that moves the clients' bytes, and stays there as long as clients
/// connect.
/// </summary>
internal sealed class HttpTransport(IOptions<SocketTransportOptions> options, ILoggerFactory loggers)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private readonly SocketTransportFactory _sockets = new(options, loggers);

    public bool CanBind(EndPoint endpoint) => Dispatcher.IsInline && endpoint is IPEndPoint or UnixDomainSocketEndPoint;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new OffThreadListener(await _sockets.BindAsync(endpoint, cancellationToken));

    private sealed class OffThreadListener(IConnectionListener accepting) : IConnectionListener
    {
        public EndPoint EndPoint => accepting.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            var connection = await accepting.AcceptAsync(cancellationToken);
            await Dispatcher.LeaveIoThread();
            return connection;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => accepting.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => accepting.DisposeAsync();
    }
}
