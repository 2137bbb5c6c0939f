using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>The address and port that an endpoint listens on; the only place that interprets configured addresses.</summary>
/// <param name="Host">An IP address, "localhost" (both loopback addresses) or "*" (any address, IPv4 and IPv6).</param>
/// <param name="Port">The port; 0 picks a free one.</param>
internal sealed record ListenAddress(string Host, int Port)
{
    public bool IsAny => Host == "*";

    public bool IsLocalhost => Host.Equals("localhost", StringComparison.OrdinalIgnoreCase);

    /// <summary>The IP addresses that <see cref="Host"/> stands for; empty if it is not valid.</summary>
    public IReadOnlyList<IPAddress> Addresses =>
        IsAny ? [IPAddress.IPv6Any, IPAddress.Any]
        : IsLocalhost ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
        : IsFullAddress(Host) ? [Plain(IPAddress.Parse(Host))] : [];

    /// <returns>The listener's address, or <see langword="null"/> if it uses a Unix socket.</returns>
    public static ListenAddress? Of(ListenerOptions listener) =>
        listener is { UnixSocket: null, Address: { } address } ? new(address, listener.Port) : null;

    /// <summary>Whether the host is valid for a listener.</summary>
    public static bool IsValidHost(string host) => new ListenAddress(host, 0).Addresses.Count > 0;

    /// <summary>Whether the two addresses cannot both be bound. Never true if one of them picks a free port.</summary>
    public bool Overlaps(ListenAddress other) =>
        Port == other.Port && Port != 0
        && Addresses.Any(mine => other.Addresses.Any(theirs => Covers(mine, theirs) || Covers(theirs, mine)));

    // IPAddress.TryParse also accepts "1" (as 0.0.0.1) and "[::1]:80".
    private static bool IsFullAddress(string host) =>
        IPAddress.TryParse(host, out _)
        && (host.Contains(':', StringComparison.Ordinal) ? host[0] != '[' : host.Count(c => c == '.') == 3);

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool Covers(IPAddress wide, IPAddress narrow) =>
        wide.Equals(narrow)
        || (wide.Equals(IPAddress.Any) && narrow.AddressFamily == AddressFamily.InterNetwork)
        || (wide.Equals(IPAddress.IPv6Any) && narrow.AddressFamily == AddressFamily.InterNetworkV6);
}

/// <summary>Validates a host of <see cref="ListenAddress"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ListenAddressAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is string host && ListenAddress.IsValidHost(host);

    public override string FormatErrorMessage(string name) =>
        "must be an IP address, \"localhost\" or \"*\" (any IPv4 and IPv6)";
}
