using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Ports that nobody listens on, for programs that are told theirs before they are started.</summary>
internal static class FreePort
{
    // Below the range from which the system takes the ports of outgoing connections, of which the tests and benchmarks make
    // thousands: one of those could take the port before the program that it was meant for.
    private const int First = 12000;
    private const int Count = 20000;

    // Processes that look at the same time begin at different places.
    private static int _next = Environment.ProcessId * 97 % Count;

    public static int Next() => Next(1);

    /// <summary>The first of so many free ports in a row.</summary>
    public static int Next(int count)
    {
        while (true)
        {
            var first = First + (int)((uint)(Interlocked.Add(ref _next, count) - count + 1) % (Count - count));
            if (Enumerable.Range(first, count).All(IsFree))
                return first;
        }
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
