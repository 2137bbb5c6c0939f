using System.Net;
using System.Net.Sockets;

namespace SocketSync.Benchmarks;

/// <summary>A gateway on TCP to a Modbus line: one request at a time, each of which takes its time on the line.</summary>
internal sealed class SlowLine : IAsyncDisposable
{
    /// <summary>Bytes of ten bits: 8 of an RTU request, 45 of a reply of twenty registers, the silence of 3.5 twice, and 5 ms for the unit.</summary>
    public static readonly TimeSpan TimeAt9600 = TimeSpan.FromSeconds((8 + 45 + 3.5 + 3.5) * 10 / 9600) + TimeSpan.FromMilliseconds(5);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly TimeSpan _time;
    private readonly Task _serving;
    private long _asked;

    public SlowLine(TimeSpan time)
    {
        _time = time;
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many requests have come.</summary>
    public long Asked => Interlocked.Read(ref _asked);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _serving;
        _end.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var socket = await _listener.AcceptSocketAsync(_end.Token);
                socket.NoDelay = true;
                await ServeAsync(socket);
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The measurement is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        var request = new byte[Dashboard.RequestLength];
        while (true)
        {
            for (var taken = 0; taken < request.Length;)
            {
                if (await socket.ReceiveAsync(request.AsMemory(taken), _end.Token) is var read && read == 0)
                    return;
                taken += read;
            }

            Interlocked.Increment(ref _asked);
            if (_time > TimeSpan.Zero)
                await Task.Delay(_time, _end.Token);
            await socket.SendAsync(Dashboard.ReplyTo(request), _end.Token);
        }
    }
}
