using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Where a connection comes from, without its port: what logs tell one peer from another by.</summary>
internal static class RemoteAddress
{
    public const string UnixSocket = "a Unix socket";

    private const string Unknown = "an unknown address";

    /// <summary>What stands for all those that are too many to be told apart.</summary>
    public const string Others = "other addresses";

    /// <returns>An address, or words in its place; equal for one peer. Allocates only for an IPv4 peer of an IPv6 socket.</returns>
    public static object Of(EndPoint? peer) => peer switch
    {
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped => mapped.Address.MapToIPv4(),
        IPEndPoint ip => ip.Address,
        UnixDomainSocketEndPoint => UnixSocket,
        _ => Unknown,
    };
}
