using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>Ports that nobody listens on.</summary>
internal static class FreePort
{
    // Below the range from which the system takes the ports of outgoing connections, of which these tests make thousands.
    private const int First = 20000;
    private const int Count = 12000;

    private static int _next = Environment.ProcessId * 97 % Count;

    public static int Next()
    {
        while (true)
        {
            var port = First + (Interlocked.Increment(ref _next) % Count);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Another one's; on to the next.
            }
        }
    }
}
