using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Where something is to listen on a port of its own choice.</summary>
/// <param name="Address">An IP address, "localhost" or "*".</param>
/// <param name="Port">Not 0.</param>
internal sealed record ListenPlace(string Address, int Port)
{
    /// <summary><see langword="null"/> with a Unix socket, or where any free port will do.</summary>
    public static ListenPlace? Of(ListenerOptions listener) =>
        listener is { UnixSocket: null, Address: { } address, Port: not 0 } ? new(address, listener.Port) : null;

    /// <summary><see langword="null"/> with a Unix socket, or where any free port will do.</summary>
    public static ListenPlace? Of(HttpEndPoint http) => http is { Host: { } host, Port: not 0 } ? new(host, http.Port) : null;

    /// <summary>Whether only one of the two can have what they ask for.</summary>
    public bool Overlaps(ListenPlace other) =>
        Port == other.Port && Addresses().Any(mine => other.Addresses().Any(theirs => Covers(mine, theirs) || Covers(theirs, mine)));

    private IPAddress[] Addresses()
    {
        if (Address == "*") return [IPAddress.Any, IPAddress.IPv6Any];
        if (Address.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return [IPAddress.Loopback, IPAddress.IPv6Loopback];
        var ip = IPAddress.Parse(Address);
        return [ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip];
    }

    private static bool Covers(IPAddress wide, IPAddress narrow) =>
        wide.Equals(narrow)
        || (wide.Equals(IPAddress.Any) && narrow.AddressFamily == AddressFamily.InterNetwork)
        || (wide.Equals(IPAddress.IPv6Any) && narrow.AddressFamily == AddressFamily.InterNetworkV6);
}
