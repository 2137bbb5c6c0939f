using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>What the system knows of a TCP connection, without touching its bytes.</summary>
internal static class TcpState
{
    // TCP_INFO of linux/tcp.h, which only ever grows at its end.
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const int UnackedOffset = 24;
    private const int NotSentOffset = 144;
    private const byte Established = 1;
    private const byte Closed = 7;

    /// <summary>
    /// Whether the other side has not taken everything that was written. After an ordinary close the system would go on
    /// delivering it for minutes: a request whose client was told of a timeout long ago.
    /// </summary>
    /// <returns>If the system does not tell, <see langword="true"/>.</returns>
    public static bool HasUnsent(Socket socket)
    {
        Span<byte> info = stackalloc byte[256];
        return TryRead(socket, info) switch
        {
            null => false, // closed already
            var length when length < NotSentOffset + sizeof(uint) => true,
            _ => MemoryMarshal.Read<uint>(info[UnackedOffset..]) != 0 || MemoryMarshal.Read<uint>(info[NotSentOffset..]) != 0,
        };
    }

    /// <summary>
    /// Whether the other side has ended or reset the connection, though the end may not have been read yet.
    /// </summary>
    /// <returns>If the system does not tell, <see langword="false"/>: reading will tell a moment later.</returns>
    public static bool IsEnded(Socket socket)
    {
        Span<byte> info = stackalloc byte[256];
        return TryRead(socket, info) switch
        {
            null => true,
            0 => false,
            _ => info[0] != Established,
        };
    }

    /// <summary>Whether the other side has reset the connection, also if that has been read, or what it sent before has not.</summary>
    /// <returns>If the system does not tell, <see langword="false"/>.</returns>
    public static bool IsReset(Socket socket)
    {
        Span<byte> info = stackalloc byte[256];
        return TryRead(socket, info) switch
        {
            null => true,
            0 => false,
            _ => info[0] == Closed,
        };
    }

    /// <returns>How much was read, 0 if this is not Linux; <see langword="null"/> if the socket is closed.</returns>
    private static int? TryRead(Socket socket, Span<byte> info)
    {
        if (!OperatingSystem.IsLinux()) return 0;
        try
        {
            return socket.GetRawSocketOption(TcpLevel, TcpInfo, info);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
