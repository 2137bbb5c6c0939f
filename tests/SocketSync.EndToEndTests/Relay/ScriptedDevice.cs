using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>
/// A device that the test plays, on TCP. It would take any number of connections and requests at once, notes each, and that
/// there was never more than one: one connection, and one request on it.
/// </summary>
internal sealed class ScriptedDevice : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<DeviceConnection> _connections = [];
    private readonly List<DeviceService> _services = [];
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly ConcurrentQueue<Task> _work = new();
    private readonly CancellationTokenSource _end = new();
    private Socket? _listener;
    private int _accepted;
    private int _begun;

    /// <param name="dialect">What it speaks.</param>
    /// <param name="script">What it does with each request; it answers where none is given.</param>
    public ScriptedDevice(DeviceDialect dialect, Func<DeviceService, Task>? script = null)
    {
        Dialect = dialect;
        Script = script ?? (service => service.AnswerAsync());
        Port = FreePort.Next();
        Listen();
    }

    public DeviceDialect Dialect { get; }

    public int Port { get; }

    public Func<DeviceService, Task> Script { get; set; }

    /// <summary>Behind a tunnel nobody waits for replies.</summary>
    public bool MayBePipelined { get; init; }

    /// <summary>What it does when the other side has ended its stream; then it closes.</summary>
    public Func<DeviceConnection, Task> AtEnd { get; set; } = _ => Task.CompletedTask;

    public IReadOnlyList<DeviceConnection> Connections
    {
        get
        {
            lock (_lock) return [.. _connections];
        }
    }

    /// <summary>Every request that has come, in that order.</summary>
    public IReadOnlyList<DeviceService> Services
    {
        get
        {
            lock (_lock) return [.. _services];
        }
    }

    /// <summary>Forgets every request that has ended, and what has ended beside them; returns these requests.</summary>
    public IReadOnlyList<DeviceService> TakeServices()
    {
        lock (_lock)
        {
            List<DeviceService> taken = [.. _services.Where(s => s.EndedAt != 0 || !s.Connection.IsOpen)];
            _services.RemoveAll(s => s.EndedAt != 0 || !s.Connection.IsOpen);
            _connections.RemoveAll(c => c.IsClosed);
            for (var i = _work.Count; i > 0 && _work.TryDequeue(out var work); i--)
                if (!work.IsCompletedSuccessfully) _work.Enqueue(work);
            return taken;
        }
    }

    /// <summary>As <c>Link</c> in the settings.</summary>
    public string Tcp => $$"""
        "Tcp": { "Host": "127.0.0.1", "Port": {{Port}} }
        """;

    public void Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        listener.Listen(16);
        _listener = listener;
        _work.Enqueue(AcceptAsync(listener));
    }

    /// <summary>Takes no connections any more; the one it has stays.</summary>
    public void StopListening() => _listener!.Dispose();

    /// <summary>Is away: no listener, no connection.</summary>
    public void GoAway()
    {
        StopListening();
        EndConnections(reset: false);
    }

    public void EndConnections(bool reset)
    {
        foreach (var connection in Connections) connection.Close(reset);
    }

    /// <summary>Sends on whichever connection is open now, as a gateway does that has several behind it.</summary>
    public async Task SendAsync(byte[] bytes)
    {
        var connection = Connections.LastOrDefault(c => c.IsOpen);
        if (connection is null) return;
        try
        {
            using (await connection.LockAsync()) await connection.SendRawAsync(bytes);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is gone, and so is what was to be sent.
        }
    }

    /// <summary>Does something beside the services; at the end it is waited for.</summary>
    public void Beside(Func<Task> work) => _work.Enqueue(Task.Run(work));

    public DeviceService Begin(DeviceConnection connection, byte[] request)
    {
        lock (_lock)
        {
            var service = new DeviceService(this, connection, request, ++_begun);
            foreach (var other in _services.TakeLast(16).Where(s => s.EndedAt == 0 && s.Connection.IsOpen))
                Violate($"{service} began during {other}");
            _services.Add(service);
            return service;
        }
    }

    public void End(DeviceService service)
    {
        lock (_lock)
        {
            if (service.EndedAt == 0) service.EndedAt = Stopwatch.GetTimestamp();
        }
    }

    public void EndAll(DeviceConnection connection)
    {
        foreach (var service in Services.Where(s => s.Connection == connection)) End(service);
    }

    public void Violate(string what) => _violations.Enqueue(what);

    /// <summary>These requests have come, in this order, and no others.</summary>
    public void AssertServed(params string[] keys) => Assert.Equal(string.Join(", ", keys), string.Join(", ", Services.Select(s => s.Key)));

    public void AssertOneAtATime() => Assert.Empty(_violations);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener?.Dispose();
        EndConnections(reset: false);
        var work = Task.WhenAll(_work);
        // One that still waits for a test that has failed must not hide why.
        if (await Task.WhenAny(work, Task.Delay(TimeSpan.FromSeconds(5))) == work) await work;
        foreach (var connection in Connections) connection.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptAsync(_end.Token);
                socket.NoDelay = true;
                DeviceConnection connection;
                lock (_lock)
                {
                    connection = new(this, socket, ++_accepted);
                    foreach (var other in _connections.TakeLast(4).Where(c => c.IsOpen))
                        Violate($"connection {connection.Number} was opened while {other.Number} was open");
                    _connections.Add(connection);
                }

                _work.Enqueue(Task.Run(() => connection.ServeAsync(_end.Token)));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It listens no more.
        }
    }
}
