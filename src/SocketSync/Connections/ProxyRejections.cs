using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Counts and tells of the connections that a listener behind proxies has closed before a client was known.</summary>
internal sealed partial class ProxyRejections(ListenerState listener, TimeProvider time, ILogger<ProxyRejections> logger)
{
    // Two, so that a stranger who floods the listener does not hide the proxy that is set up wrongly.
    private readonly SeldomWarning _untrusted = new(time);
    private readonly SeldomWarning _header = new(time);

    public void Untrusted(ConnectionContext connection)
    {
        listener.Reject();
        if (_untrusted.IsDue())
            LogUntrusted(logger, listener.Name, connection.RemoteEndPoint);
    }

    public void Header(ConnectionContext connection, string problem)
    {
        listener.Reject();
        if (_header.IsDue())
            LogHeader(logger, listener.Name, connection.RemoteEndPoint, problem);
    }

    [LoggerMessage(110, LogLevel.Warning,
        "Listener {Listener}: {Peer} is closed, for TrustedProxies does not name it; further such warnings follow at most every 10 s")]
    private static partial void LogUntrusted(ILogger logger, string listener, EndPoint? peer);

    [LoggerMessage(111, LogLevel.Warning,
        "Listener {Listener}: proxy {Proxy} is closed, for {Problem}; further such warnings follow at most every 10 s")]
    private static partial void LogHeader(ILogger logger, string listener, EndPoint? proxy, string problem);
}
