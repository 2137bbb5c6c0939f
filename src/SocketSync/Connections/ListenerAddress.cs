using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Where a listener is to listen, and which keys of the configuration say so.</summary>
/// <param name="Listener">The listener's name.</param>
/// <param name="Address">An IP address, "localhost" or "*".</param>
/// <param name="IsDefaultAddress">Whether <paramref name="Address"/> is <c>SocketSync:DefaultAddress</c>.</param>
/// <param name="Port">0 picks a free one.</param>
/// <param name="UnixSocket">A path, in place of address and port.</param>
internal sealed record ListenerAddress(string Listener, string Address, bool IsDefaultAddress, int Port, string? UnixSocket)
{
    public static ListenerAddress Of(string listener, ListenerOptions options, string defaultAddress) =>
        new(listener, options.Address ?? defaultAddress, options.Address is null, options.Port, options.UnixSocket);

    /// <summary>One line that says why this address cannot be had.</summary>
    public string Problem(SocketException error, EndPoint endPoint) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => InUse(endPoint),
        SocketError.AccessDenied => UnixSocket is null
            ? $"{PortLine}: permission to listen on {Show(endPoint)} is denied"
            : $"{UnixSocketLine}: permission is denied",
        SocketError.AddressNotAvailable when UnixSocket is null => $"{AddressLine}: is not an address of this machine",
        _ => UnixSocket is null
            ? $"{PortLine}: cannot listen on {Show(endPoint)}: {error.Message}"
            : $"{UnixSocketLine}: {error.Message}",
    };

    public string InUse(EndPoint endPoint) =>
        UnixSocket is null ? $"{PortLine}: {Show(endPoint)} is already in use" : $"{UnixSocketLine}: is already in use";

    public string UnixSocketProblem(string words) => $"{UnixSocketLine}: {words}";

    public string AddressProblem(string words) => $"{AddressLine}: {words}";

    private string AddressLine => IsDefaultAddress
        ? $"SocketSync:DefaultAddress: '{Address}'"
        : $"SocketSync:Listeners:{Listener}:Address: '{Address}'";

    private string PortLine => $"SocketSync:Listeners:{Listener}:Port: '{Port}'";

    private string UnixSocketLine => $"SocketSync:Listeners:{Listener}:UnixSocket: '{UnixSocket}'";

    private string Show(EndPoint endPoint) =>
        Address is "*" && endPoint is IPEndPoint ip ? $"*:{ip.Port}" : endPoint.ToString()!;
}
