using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>
/// Whether a device has yet to take what was written to it. Closed in the ordinary way, the system would go on to deliver
/// it for minutes: a request whose client was told of a timeout long ago.
/// </summary>
internal static class UnsentBytes
{
    // TCP_INFO of linux/tcp.h, which only ever grows at its end.
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const int UnackedOffset = 24;
    private const int NotSentOffset = 144;

    /// <summary>Where the system does not tell, it is taken for granted.</summary>
    public static bool Any(Socket socket)
    {
        if (!OperatingSystem.IsLinux()) return true;
        Span<byte> info = stackalloc byte[256];
        try
        {
            var length = socket.GetRawSocketOption(TcpLevel, TcpInfo, info);
            return length < NotSentOffset + sizeof(uint)
                || MemoryMarshal.Read<uint>(info[UnackedOffset..]) != 0
                || MemoryMarshal.Read<uint>(info[NotSentOffset..]) != 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false; // Closed already.
        }
    }
}
