using System.Net;
using System.Net.NetworkInformation;

namespace SocketSync;

/// <summary>
/// The addresses from which this server sends datagrams. A datagram with such a sender is forged; to answer it would be to ask
/// ourselves, for ever (CERT CA-1996-01 tells of such loops).
/// </summary>
internal sealed class OwnAddresses(IEnumerable<int> ports, TimeProvider time)
{
    /// <summary>The machine's addresses are read again when they are older: they change seldom, and reading them takes long.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    private readonly HashSet<int> _ports = [.. ports];
    private readonly Lock _sync = new();
    private HashSet<IPAddress> _addresses = [];
    private long? _readAt;

    public bool Contains(IPEndPoint endPoint) =>
        _ports.Contains(endPoint.Port) && (IPAddress.IsLoopback(endPoint.Address) || IsOfThisMachine(endPoint.Address));

    private bool IsOfThisMachine(IPAddress address)
    {
        lock (_sync)
        {
            if (_readAt is not { } readAt || time.GetElapsedTime(readAt) > MaxAge)
            {
                _addresses = ReadAddresses();
                _readAt = time.GetTimestamp();
            }

            return _addresses.Contains(address);
        }
    }

    private static HashSet<IPAddress> ReadAddresses()
    {
        try
        {
            return [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }
}
