using System.Net;
using System.Net.Sockets;

namespace SocketSync.Tests;

/// <summary>Two nodes in one process: clients connect to <see cref="Ingress"/>, and <see cref="Owner"/> owns resource R.</summary>
internal sealed class ForwardPair : IAsyncDisposable
{
    private ForwardPair(FakePlaces places, ForwardNode ingress, ForwardNode owner) => (Places, Ingress, Owner) = (places, ingress, owner);

    public FakePlaces Places { get; }

    public ForwardNode Ingress { get; }

    public ForwardNode Owner { get; }

    /// <param name="resource">What stands in the resource beside its protocol.</param>
    /// <param name="protocol">The protocol's name, and its settings.</param>
    /// <param name="listener">What stands in the listener beside its port.</param>
    /// <param name="processors">The processors of both.</param>
    public static async Task<ForwardPair> StartAsync(
        string resource = "", string protocol = "\"Name\": \"Line\"", string listener = "", Action<ProcessorCatalog>? processors = null, string cluster = "")
    {
        var settings = $$"""
            "DrainTimeout": "00:00:02",
            "Listeners": { "L": { "Address": "127.0.0.1", "Port": 0, "Resource": "R" {{(listener.Length > 0 ? $", {listener}" : "")}} } },
            "Resources": { "R": { "Protocol": { {{protocol}} } {{(resource.Length > 0 ? $", {resource}" : "")}} } }
            """;
        var places = new FakePlaces();
        var ingress = await ForwardNode.StartAsync("a", places, settings, processors, cluster: cluster);
        var owner = await ForwardNode.StartAsync("b", places, settings, processors, cluster: cluster);
        owner.Own("R");
        return new(places, ingress, owner);
    }

    public TurnGate Gate => Owner.GateOf("R");

    /// <summary>Starts with a processor that both nodes know, and only the owner uses.</summary>
    public static Task<ForwardPair> StartWithAsync(IRequestProcessor processor, string resource = "", string cluster = "") => StartAsync(
        $"\"Processor\": \"Test\"{(resource.Length > 0 ? $", {resource}" : "")}",
        processors: catalog => catalog.Add(new ProcessorRegistration("Test", NeverBlocks: false, (_, _) => processor)), cluster: cluster);

    /// <summary>Connects through the ingress.</summary>
    public Task<LineClient> ConnectAsync(int receiveBuffer = 0) => LineClient.ConnectAsync(Ingress.PortOf("L"), receiveBuffer);

    /// <summary>Connects a client through the ingress whose request gets its turn, and is in it.</summary>
    public async Task<LineClient> ConnectAndHoldAsync(string request)
    {
        var client = await ConnectAsync();
        await client.SendAsync(request + "\n");
        await SyncHost.Until(() => Gate.GetStatus().Holder is not null, "a turn is held");
        return client;
    }

    /// <summary>Connects a client through the ingress whose request is the last of so many in line.</summary>
    public async Task<LineClient> ConnectAndWaitAsync(string request, int inLine)
    {
        var client = await ConnectAsync();
        await client.SendAsync(request + "\n");
        await UntilWaiting(inLine);
        return client;
    }

    public Task UntilWaiting(int count) => SyncHost.Until(() => Gate.GetStatus().QueueLength == count, $"{count} wait");

    public Task UntilForwarded(int count) =>
        SyncHost.Until(() => Ingress.Topology.ListConnections().Count == count, $"{count} clients at the ingress");

    public async ValueTask DisposeAsync()
    {
        await Ingress.DisposeAsync();
        await Owner.DisposeAsync();
    }
}

/// <summary>A client on a real socket. Every wait is bounded.</summary>
internal sealed class LineClient : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    private LineClient(Socket socket) => Socket = socket;

    public Socket Socket { get; }

    /// <summary>Its own address, as a server tells it.</summary>
    public string LocalText => Socket.LocalEndPoint!.ToString()!;

    public static LineClient Of(Socket socket) => new(socket);

    public static async Task<LineClient> ConnectAsync(int port, int receiveBuffer = 0, IPAddress? from = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (from is not null)
            socket.Bind(new IPEndPoint(from, 0));
        if (receiveBuffer > 0)
            socket.ReceiveBufferSize = receiveBuffer;
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port)).WaitAsync(Bound);
        return new(socket);
    }

    public async Task SendAsync(string text)
    {
        ReadOnlyMemory<byte> left = System.Text.Encoding.Latin1.GetBytes(text);
        while (left.Length > 0)
            left = left[await Socket.SendAsync(left).AsTask().WaitAsync(Bound)..];
    }

    /// <summary>A line without its end; null at the end of the stream.</summary>
    /// <exception cref="SocketException">The connection was reset.</exception>
    public async Task<string?> ReadLineAsync()
    {
        while (true)
        {
            var end = Array.IndexOf(_buffer, (byte)'\n', _start, _end - _start);
            if (end >= 0)
            {
                var line = System.Text.Encoding.Latin1.GetString(_buffer, _start, end - _start);
                _start = end + 1;
                return line;
            }

            if (await FillAsync() == 0)
                return _start == _end ? null : throw new InvalidOperationException("the stream ends inside a line");
        }
    }

    /// <summary>How many more bytes come until the end of the stream.</summary>
    public async Task<long> CountToEndAsync()
    {
        long count = _end - _start;
        while (true)
        {
            (_start, _end) = (0, 0);
            var received = await FillAsync();
            if (received == 0)
                return count;
            count += received;
        }
    }

    public async Task<string> AskAsync(string line)
    {
        await SendAsync(line + "\n");
        return await ReadLineAsync() ?? throw new InvalidOperationException("the server has ended the stream");
    }

    public void EndStream() => Socket.Shutdown(SocketShutdown.Send);

    public void Reset() => Socket.Close(timeout: 0);

    public void Dispose() => Socket.Dispose();

    private async Task<int> FillAsync()
    {
        if (_start > 0)
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        var received = await Socket.ReceiveAsync(_buffer.AsMemory(_end)).AsTask().WaitAsync(Bound);
        _end += received;
        return received;
    }
}

/// <summary>Ports that nobody listens on.</summary>
internal static class TestPorts
{
    private static int _next = 33000 + (Environment.ProcessId * 97 % 7000);

    public static int Free()
    {
        while (true)
        {
            var port = Interlocked.Increment(ref _next);
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
