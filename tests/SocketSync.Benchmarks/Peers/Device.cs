using System.Buffers.Binary;
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
    /// <returns>Of the first request; 0 if it has not come whole.</returns>
    private delegate int RequestLength(ReadOnlySpan<byte> bytes);

    // The kernel wakes a sleeper some microseconds late: the last of the time is spun, so that 1 ms is 1 ms, and no core is burnt.
    private static readonly TimeSpan Spun = TimeSpan.FromMicroseconds(60);

    /// <param name="port">Where it listens.</param>
    /// <param name="work">How long a request takes.</param>
    /// <param name="isModbus">Whether requests are frames of Modbus TCP, each of which is its own reply; else lines.</param>
    public static void Run(int port, TimeSpan work, bool isModbus)
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
                Serve(client, buffer, timer, work, isModbus ? FrameLength : LineLength);
            }
            catch (SocketException)
            {
                // That client has gone; the next one is served.
            }
        }
    }

    private static void Serve(Socket client, byte[] buffer, TimerFile timer, TimeSpan work, RequestLength lengthOf)
    {
        var filled = 0;
        while (client.Receive(buffer.AsSpan(filled)) is var length and > 0)
        {
            filled += length;
            var start = 0;
            while (lengthOf(buffer.AsSpan(start, filled - start)) is var request and > 0)
            {
                Work(timer, work);
                _ = client.Send(buffer.AsSpan(start, request));
                start += request;
            }
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
        }
    }

    private static int LineLength(ReadOnlySpan<byte> bytes) => bytes.IndexOf((byte)'\n') + 1;

    // MODBUS Messaging on TCP/IP Implementation Guide, section 3.1.3: what follows the first six bytes is told by the last two of them.
    private static int FrameLength(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 6 && 6 + BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) is var length && length <= bytes.Length ? length : 0;

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
