using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Whether two listeners ask for the same place.</summary>
internal static class ConfigurationAddress
{
    public static bool Clash(ListenerOptions a, ListenerOptions b) =>
        a.Port == b.Port && a.Port != 0 && Addresses(a).Any(x => Addresses(b).Any(y => Overlap(x, y)));

    private static IPAddress[] Addresses(ListenerOptions listener) => listener.Address switch
    {
        "*" => [IPAddress.IPv6Any],
        { } text when text.Equals("localhost", StringComparison.OrdinalIgnoreCase) => [IPAddress.Loopback, IPAddress.IPv6Loopback],
        { } text => [Plain(IPAddress.Parse(text))],
        null => [],
    };

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    // Kestrel's [::] listens for IPv4 as well; 0.0.0.0 for IPv4 alone.
    private static bool Overlap(IPAddress a, IPAddress b) => a.Equals(b) || Covers(a, b) || Covers(b, a);

    private static bool Covers(IPAddress any, IPAddress other) =>
        any.Equals(IPAddress.IPv6Any) || (any.Equals(IPAddress.Any) && other.AddressFamily == AddressFamily.InterNetwork);
}
