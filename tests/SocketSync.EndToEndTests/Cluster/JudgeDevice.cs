using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>
/// The device that the nodes share, played by the test, and the judge over them. It would serve any number of owners at once, and
/// notes each request, in whose name it came, and over which connection.
/// </summary>
internal sealed class JudgeDevice : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Lock _lock = new();
    private readonly List<JudgedRequest> _requests = [];
    private readonly List<JudgedConnection> _connections = [];
    private readonly CancellationTokenSource _end = new();
    private readonly bool _namesEpochs;
    private readonly Task _accepting;
    private TaskCompletionSource? _held;
    private TaskCompletionSource? _release;

    /// <param name="namesEpochs">
    /// Whether each request says in whose name it comes, as the processor "Judged" does. Else, behind a relay, every connection counts
    /// as an epoch of its own: an owner has but one.
    /// </param>
    public JudgeDevice(bool namesEpochs)
    {
        _namesEpochs = namesEpochs;
        _listener.Bind(new IPEndPoint(IPAddress.Any, 0)); // Any: nodes in namespaces of their own come from other addresses.
        _listener.Listen(64);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>How long it takes over each request.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(2);

    public IReadOnlyList<JudgedRequest> Requests
    {
        get
        {
            lock (_lock) return [.. _requests];
        }
    }

    public IReadOnlyList<JudgedConnection> Connections
    {
        get
        {
            lock (_lock) return [.. _connections];
        }
    }

    /// <summary>Notes the next request and leaves it unanswered, until it is released; completes when that request is here.</summary>
    public Task HoldAsync()
    {
        lock (_lock)
        {
            _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _held.Task.WaitAsync(Poll.Bound);
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            _release?.TrySetResult();
            (_held, _release) = (null, null);
        }
    }

    /// <summary>The first request after a moment for which something holds.</summary>
    public JudgedRequest? FirstAfter(long moment, Func<JudgedRequest, bool> what)
    {
        lock (_lock) return _requests.Find(request => request.At > moment && what(request));
    }

    /// <summary>Waits for such a request, and tells how long after the moment it came.</summary>
    public async Task<TimeSpan> WaitForAsync(long moment, Func<JudgedRequest, bool> what, TimeSpan bound, Func<string> describe)
    {
        JudgedRequest? found = null;
        // What took a little longer than it may is told with its time.
        await Poll.UntilAsync(() => Task.FromResult((found = FirstAfter(moment, what)) is not null), describe, bound + TimeSpan.FromSeconds(5));
        var took = Stopwatch.GetElapsedTime(moment, found!.At);
        Assert.True(took <= bound, $"it took {took}, not {bound} at most: {describe()}");
        return took;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        Release();
        await _accepting;
        foreach (var connection in Connections) connection.Socket.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_end.Token);
                socket.NoDelay = true;
                JudgedConnection connection;
                lock (_lock)
                {
                    connection = new(_connections.Count + 1, socket, [.. _connections.Where(IsOpen).Select(other => other.Number)]);
                    _connections.Add(connection);
                }

                _ = ServeAsync(connection);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    // By the kernel, which knows of an end before this program has got round to reading it.
    private static bool IsOpen(JudgedConnection connection)
    {
        const int tcpInfo = 11;
        const byte established = 1;
        Span<byte> info = stackalloc byte[104];
        try
        {
            return connection.EndedAt is null && connection.Socket.GetRawSocketOption((int)SocketOptionLevel.Tcp, tcpInfo, info) > 0 && info[0] == established;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private async Task ServeAsync(JudgedConnection connection)
    {
        var buffer = new byte[4096];
        var filled = 0;
        try
        {
            while (await connection.Socket.ReceiveAsync(buffer.AsMemory(filled), _end.Token) is > 0 and var more)
            {
                filled += more;
                while (buffer.AsSpan(0, filled).IndexOf((byte)'\n') is >= 0 and var length)
                {
                    var line = Encoding.Latin1.GetString(buffer, 0, length).TrimEnd('\r');
                    buffer.AsSpan(length + 1, filled - length - 1).CopyTo(buffer);
                    filled -= length + 1;
                    await AnswerAsync(connection, line);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // A reset ends it too.
        }
        finally
        {
            lock (_lock) connection.EndedAt = Stopwatch.GetTimestamp();
            connection.Socket.Dispose();
        }
    }

    private async Task AnswerAsync(JudgedConnection connection, string line)
    {
        Task? release;
        lock (_lock)
        {
            _requests.Add(Read(connection, line));
            _held?.TrySetResult();
            release = _release?.Task;
        }

        if (release is not null) await release;
        if (Delay > TimeSpan.Zero) await Task.Delay(Delay, _end.Token);
        await connection.Socket.SendAsync(Encoding.Latin1.GetBytes($"ok {line}\n"), _end.Token);
    }

    private JudgedRequest Read(JudgedConnection connection, string line)
    {
        var now = Stopwatch.GetTimestamp();
        if (!_namesEpochs) return new(now, connection, connection.Number, Node: null, line);
        var words = line.Split(' ', 3);
        return new(now, connection, long.Parse(words[0], CultureInfo.InvariantCulture), words[1], words[2]);
    }
}

/// <param name="At">When it came, as a time stamp of the stopwatch.</param>
/// <param name="Connection">Over which connection.</param>
/// <param name="Epoch">In which epoch its sender believed to be.</param>
/// <param name="Node">The sender, where it says so.</param>
/// <param name="Request">What its client had sent.</param>
internal sealed record JudgedRequest(long At, JudgedConnection Connection, long Epoch, string? Node, string Request)
{
    public override string ToString() => $"{Request} in epoch {Epoch} of {Node ?? "?"}";
}

internal sealed class JudgedConnection(int number, Socket socket, IReadOnlyList<int> beside)
{
    public int Number { get; } = number;

    public Socket Socket { get; } = socket;

    /// <summary>Those that were open when it was opened, by number.</summary>
    public IReadOnlyList<int> Beside { get; } = beside;

    public long? EndedAt { get; set; }
}
