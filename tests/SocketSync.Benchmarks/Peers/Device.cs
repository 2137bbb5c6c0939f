using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SocketSync.Benchmarks;

/// <summary>
/// A device as many are: one connection at a time, the next one when that has ended, and one request at a time, each of which
/// takes a while. Blocking calls on one thread, so that nothing of it stands between a request and its answer.
/// </summary>
internal static class Device
{
    // The kernel wakes a sleeper some microseconds late: the last of the time is spun, so that 1 ms is 1 ms, and no core is burnt.
    private static readonly TimeSpan Spun = TimeSpan.FromMicroseconds(60);

    public static void Run(int port, TimeSpan work)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen();
        using var timer = new TimerFile();
        var buffer = new byte[65_536];
        while (true)
        {
            using var client = listener.Accept();
            client.NoDelay = true;
            try
            {
                Serve(client, buffer, timer, work);
            }
            catch (SocketException)
            {
                // That client has gone; the next one is served.
            }
        }
    }

    private static void Serve(Socket client, byte[] buffer, TimerFile timer, TimeSpan work)
    {
        var filled = 0;
        while (client.Receive(buffer.AsSpan(filled)) is var length and > 0)
        {
            filled += length;
            var start = 0;
            while (buffer.AsSpan(start, filled - start).IndexOf((byte)'\n') is var end and >= 0)
            {
                Work(timer, work);
                _ = client.Send(buffer.AsSpan(start, end + 1));
                start += end + 1;
            }
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
        }
    }

    private static void Work(TimerFile timer, TimeSpan work)
    {
        if (work == TimeSpan.Zero) return;
        var end = Stopwatch.GetTimestamp() + (long)(work.TotalSeconds * Stopwatch.Frequency);
        if (work > Spun)
        {
            timer.Start((long)(work - Spun).TotalNanoseconds);
            timer.Wait();
        }
        while (Stopwatch.GetTimestamp() < end) Thread.SpinWait(10);
    }
}
