using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The end of a listener's middleware: serves its clients.</summary>
internal sealed class SyncConnectionHandler(ListenerState listener, TimeProvider time, ILogger<SyncConnection> logger) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var certificate = connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate;
        var client = new Client(connection.ConnectionId, Plain(connection.RemoteEndPoint), listener.Name, certificate);
        using var served = new SyncConnection(connection, client, listener, time, logger);
        connection.Features.Get<AcceptedConnection>()?.Serve(served);
        await served.RunAsync();
    }

    /// <summary>An IPv4 client of an IPv6 socket is shown by the address it has.</summary>
    private static EndPoint? Plain(EndPoint? endPoint) =>
        endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port) : endPoint;
}
