using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace SocketSync;

/// <summary>A device that listens on TCP, with TLS or without.</summary>
internal sealed class TcpLink(TcpLinkOptions options) : ILink
{
    private readonly string _host = options.Host.Trim('[', ']');

    public string Description { get; } = $"tcp {Bracketed(options.Host.Trim('[', ']'))}:{options.Port}";

    public bool IsDrained => false;

    public TimeSpan Turnaround => TimeSpan.Zero;

    public async ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            KeepAlive(socket);
            // Tries each of the host's addresses, of either family.
            await socket.ConnectAsync(_host, options.Port, cancellationToken);
            return options.Tls ? await AuthenticateAsync(socket, cancellationToken) : new OpenTcpLink(socket);
        }
        catch (Exception e)
        {
            socket?.Dispose();
            if (e is SocketException or IOException or AuthenticationException or ArgumentException) throw LinkException.Of(Description, e);
            throw;
        }
    }

    private async ValueTask<IOpenLink> AuthenticateAsync(Socket socket, CancellationToken cancellationToken)
    {
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = _host }, cancellationToken);
            return new OpenTlsLink(socket, tls, Description);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    // A device that has lost its power closes nothing; unused for a night, only this tells that it is gone.
    private static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    }

    private static string Bracketed(string host) =>
        IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{host}]" : host;
}
