using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SocketSync.Benchmarks;

/// <summary>Where the clients connect to.</summary>
internal static class LoadTarget
{
    private const string Unix = "unix:";

    public static EndPoint Resolve(string target)
    {
        if (target.StartsWith(Unix, StringComparison.Ordinal)) return new UnixDomainSocketEndPoint(target[Unix.Length..]);
        var colon = target.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(target[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65_535)
            throw new LoadFailureException($"--target {target}: host:port, such as localhost:56780, or unix:PATH.");
        try
        {
            // IPv4 first: "localhost" is both, and not every server listens on both.
            var address = Dns.GetHostAddresses(target[..colon].Trim('[', ']')).OrderBy(static a => a.AddressFamily == AddressFamily.InterNetworkV6).First();
            return new IPEndPoint(address, port);
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            throw new LoadFailureException($"--target {target}: no address of that host is known: {e.Message}");
        }
    }
}
