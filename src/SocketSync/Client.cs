using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync;

/// <summary>An accepted connection, as a processor sees it.</summary>
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

    /// <summary>The client's endpoint; <see langword="null"/> or without an address for a Unix socket.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>The address used by per-address limits; <see langword="null"/> for a Unix socket, to which they do not apply.</summary>
    internal IPAddress? Address { get; }

    /// <summary><see cref="RemoteEndPoint"/> as text; computed on first use.</summary>
    internal string? RemoteText => _remoteText ??= RemoteEndPoint?.ToString();

    /// <summary>The name of the listener that accepted the client.</summary>
    public string Listener { get; }

    /// <summary>The client's certificate, if the listener requires one.</summary>
    public X509Certificate2? Certificate { get; }
}

/// <summary>The place of the host's own code, which uses a resource without a connection.</summary>
internal sealed class LocalEndPoint : EndPoint
{
    /// <summary>The id of that client, and the name of the listener under which its requests are counted.</summary>
    public const string Name = "local";

    /// <summary>The name of the listener where one that is configured has the other; no configured one can be called so.</summary>
    public const string OtherName = "(local)";

    /// <param name="isTaken">Whether there is a listener of that name.</param>
    public static Client AsClient(bool isTaken = false) => new(Name, new LocalEndPoint(), isTaken ? OtherName : Name, certificate: null);

    public override string ToString() => Name;
}
