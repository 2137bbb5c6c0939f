using System.Net;
using System.Net.Sockets;

namespace SocketSync.Benchmarks;

/// <summary>A Modbus TCP client that reads the same twenty registers again and again.</summary>
internal sealed class Dashboard : IDisposable
{
    public const int RequestLength = 12;

    private const byte Registers = 20;
    private const int HeaderLength = 6;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _request = [0, 0, 0, 0, 0, 6, 1, 3, 0, 100, 0, Registers];
    private readonly byte[] _reply = new byte[256];

    public static async Task<Dashboard> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var client = new Dashboard();
        await client._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
        return client;
    }

    /// <summary>Polls once a second.</summary>
    /// <returns>
    /// For each second how many milliseconds the reply took; <see langword="null"/> where there was no poll, since the one before had no
    /// reply yet.
    /// </returns>
    public static async Task<double?[]> PollAsync(int port, int seconds, TimeSpan phase, CancellationToken cancellationToken)
    {
        using var client = await ConnectAsync(port, cancellationToken);
        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var took = new double?[seconds];
        for (var second = 0; second < seconds; second++)
        {
            var due = TimeSpan.FromSeconds(second) + phase;
            if (due - time.GetElapsedTime(start) is var pause && pause < TimeSpan.Zero)
                continue;
            await Task.Delay(pause, cancellationToken);
            await client.AskAsync(cancellationToken);
            took[second] = (time.GetElapsedTime(start) - due).TotalMilliseconds;
        }

        return took;
    }

    /// <summary>Asks, and waits on this thread: nothing but sockets is between the two.</summary>
    public void Ask()
    {
        Count();
        _socket.Send(_request);
        for (var taken = 0; taken < HeaderLength || taken < HeaderLength + _reply[HeaderLength - 1];)
            taken += Taken(_socket.Receive(_reply, taken, _reply.Length - taken, SocketFlags.None));
        Check();
    }

    /// <summary>The reply of a device whose registers are all 0.</summary>
    public static byte[] ReplyTo(byte[] request) => [request[0], request[1], 0, 0, 0, 3 + (2 * Registers), request[6], request[7], 2 * Registers, .. new byte[2 * Registers]];

    public void Dispose() => _socket.Dispose();

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        Count();
        await _socket.SendAsync(_request, cancellationToken);
        for (var taken = 0; taken < HeaderLength || taken < HeaderLength + _reply[HeaderLength - 1];)
            taken += Taken(await _socket.ReceiveAsync(_reply.AsMemory(taken), cancellationToken));
        Check();
    }

    private void Count()
    {
        if (++_request[1] == 0)
            _request[0]++;
    }

    private static int Taken(int read) => read > 0 ? read : throw new IOException("The measured server has closed a connection.");

    private void Check()
    {
        if (_reply[0] != _request[0] || _reply[1] != _request[1] || _reply[HeaderLength + 1] != _request[HeaderLength + 1])
            throw new IOException("The measured server has replied with something else.");
    }
}
