using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The end of a listener's middleware: serves its clients.</summary>
internal sealed class SyncConnectionHandler(Listener listener, TimeProvider time, ILogger<SyncConnection> logger) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var certificate = connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
        var client = new Client(connection.ConnectionId, connection.RemoteEndPoint, listener.Name, certificate);
        using var served = new SyncConnection(connection, client, listener, time, logger);
        listener.Add(served);
        try
        {
            await served.RunAsync();
        }
        finally
        {
            listener.Remove(served);
        }
    }
}
