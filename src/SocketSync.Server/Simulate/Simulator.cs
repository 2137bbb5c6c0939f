using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace SocketSync;

/// <summary>Lets a simulated device be reached, over TCP or on a serial line, by one client at a time.</summary>
/// <param name="device">The device.</param>
/// <param name="manners">How it behaves.</param>
/// <param name="log">Is told of connections and requests.</param>
/// <param name="time">Measures the delays.</param>
internal sealed class Simulator(ISimulatedDevice device, SimulatedManners manners, SimulatorLog log, TimeProvider time)
{
    private const string ListenOption = "--listen";

    private readonly SimulatedSession _session = new(device, manners, log, time);

    /// <summary>Listens until it is told to stop.</summary>
    /// <exception cref="SocketSyncStartupException">The address cannot be listened on.</exception>
    public async Task ListenAsync(ListenAddress address, CancellationToken cancellationToken)
    {
        var listeners = Listen(address);
        try
        {
            log.Tell($"listens on {string.Join(" and ", listeners.Select(listener => listener.LocalEndPoint))}; Ctrl-C ends it");
            var clients = Channel.CreateUnbounded<Socket>();
            var accepting = Task.WhenAll(listeners.Select(listener => AcceptAsync(listener, clients.Writer, cancellationToken)));
            await Task.WhenAll(accepting, SeatAsync(clients.Reader, cancellationToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            foreach (var listener in listeners) listener.Dispose();
        }
    }

    /// <summary>Serves whoever is at the other end of a serial line until it is told to stop.</summary>
    /// <exception cref="LinkException">The line has hung up.</exception>
    public async Task ServeAsync(IOpenLink line, string description, CancellationToken cancellationToken)
    {
        log.Tell($"answers on {description}; Ctrl-C ends it");
        try
        {
            // A line that is not read may block a write for ever.
            var session = _session.RunAsync(line.Input, line.Output, isConnection: false, cancellationToken);
            session.Forget();
            await session.WaitAsync(cancellationToken);
            throw new LinkException($"{description}: the line has hung up");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // It was told to stop.
        }
    }

    private static List<Socket> Listen(ListenAddress address)
    {
        List<Socket> listeners = [];
        var port = address.Port;
        SocketException? missing = null;
        try
        {
            foreach (var ip in address.Addresses)
            {
                Socket? listener = null;
                try
                {
                    listener = new(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                    if (ip.AddressFamily == AddressFamily.InterNetworkV6) listener.DualMode = false;
                    listener.Bind(new IPEndPoint(ip, port));
                    listener.Listen();
                    listeners.Add(listener);
                    port = ((IPEndPoint)listener.LocalEndPoint!).Port; // the same for the others, if it was any free one
                }
                catch (SocketException e) when (address.Addresses.Count > 1 && IsMissingFamily(e))
                {
                    listener?.Dispose(); // a machine without IPv6
                    missing = e;
                }
                catch
                {
                    listener?.Dispose();
                    throw;
                }
            }

            return listeners.Count > 0 ? listeners : throw missing!;
        }
        catch (SocketException e)
        {
            foreach (var listener in listeners) listener.Dispose();
            throw new SocketSyncStartupException([$"{ListenOption}: '{address.Host}:{port}': {Problem(e)}"]);
        }
    }

    private static bool IsMissingFamily(SocketException error) => error.SocketErrorCode is
        SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported or SocketError.ProtocolFamilyNotSupported;

    private static string Problem(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "is already in use",
        SocketError.AccessDenied => "permission to listen there is denied",
        SocketError.AddressNotAvailable => "is not an address of this machine",
        _ => error.Message,
    };

    private static async Task AcceptAsync(Socket listener, ChannelWriter<Socket> clients, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await clients.WriteAsync(await listener.AcceptAsync(cancellationToken), cancellationToken);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                // It was gone before it was there.
            }
        }
    }

    /// <summary>
    /// One client has the seat. Another that comes is closed at once, as by many a device, unless the one before it has ended its
    /// stream: then that one is not waited for.
    /// </summary>
    private async Task SeatAsync(ChannelReader<Socket> clients, CancellationToken cancellationToken)
    {
        await using var seat = new Seat(this);
        await foreach (var client in clients.ReadAllAsync(cancellationToken))
        {
            if (seat.IsTaken)
            {
                log.Tell($"refused {client.RemoteEndPoint}: one connection at a time");
                client.Dispose();
                continue;
            }

            await seat.TakeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken cancellationToken)
    {
        var peer = client.RemoteEndPoint;
        log.Tell($"connected {peer}");
        client.NoDelay = true;
        await using var stream = new NetworkStream(client, ownsSocket: true);
        var input = PipeReader.Create(stream);
        try
        {
            await _session.RunAsync(input, PipeWriter.Create(stream), isConnection: true, cancellationToken);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It has left, or was told to.
        }
        finally
        {
            await input.CompleteAsync();
        }

        log.Tell($"disconnected {peer}");
    }

    /// <summary>Who is served.</summary>
    private sealed class Seat(Simulator simulator) : IAsyncDisposable
    {
        private CancellationTokenSource _leaving = new();
        private Socket? _client;
        private Task _serving = Task.CompletedTask;

        public bool IsTaken => !_serving.IsCompleted && !TcpState.IsEnded(_client!);

        public async Task TakeAsync(Socket client)
        {
            await DisposeAsync();
            (_leaving, _client) = (new(), client);
            _serving = simulator.ServeAsync(client, _leaving.Token);
        }

        public async ValueTask DisposeAsync()
        {
            await _leaving.CancelAsync();
            await _serving;
            _leaving.Dispose();
        }
    }
}
