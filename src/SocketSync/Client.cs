using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync;

/// <summary>One accepted connection, as a processor sees it.</summary>
public sealed class Client
{
    private string? _remoteText;

    internal Client(string id, EndPoint? remoteEndPoint, string listener, X509Certificate2? certificate)
    {
        Id = id;
        RemoteEndPoint = remoteEndPoint;
        Listener = listener;
        Certificate = certificate;
        Address = (remoteEndPoint as IPEndPoint)?.Address;
    }

    /// <summary>The connection's id, unique in this process; the same in logs and status.</summary>
    public string Id { get; }

    /// <summary>Where the client is; <see langword="null"/> or without an address for a Unix socket.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>The address that limits for each address count it under; <see langword="null"/> for a Unix socket, to which none applies.</summary>
    internal IPAddress? Address { get; }

    /// <summary><see cref="RemoteEndPoint"/> as text, made when it is first asked for.</summary>
    internal string? RemoteText => _remoteText ??= RemoteEndPoint?.ToString();

    /// <summary>The name of the listener it came by.</summary>
    public string Listener { get; }

    /// <summary>The certificate it has shown, where the listener asks for one.</summary>
    public X509Certificate2? Certificate { get; }
}
