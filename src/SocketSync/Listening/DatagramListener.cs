using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Receives the datagrams of one listener, on UDP or a Unix socket, and serves each as one request. Kestrel's connections are streams, so
/// this takes the place of its accept loop and of the connection middleware: the same limits hold, for requests instead of connections.
/// </summary>
/// <remarks>
/// It keeps no state for a sender beyond the requests in hand, since a sender's address is easily forged. Closing the listener ends the
/// receiving; the sockets stay open for the replies to what was received before.
/// </remarks>
internal sealed partial class DatagramListener : IDisposable
{
    /// <summary>A datagram cannot be larger: the length of UDP has 16 bits, and Linux limits one of a Unix socket by its send buffer.</summary>
    private const int LongestUdp = 65507;

    private const int LongestUnix = 212_992;

    /// <summary>Every socket address begins with its family.</summary>
    private const int FamilyBytes = sizeof(ushort);

    private readonly ListenerEndPoint _endPoint;
    private readonly ListenerState _listener;
    private readonly NetworkSet? _allowed;
    private readonly OwnAddresses _own;
    private readonly SenderPlaces _places = new();
    private readonly LogThrottle<Rejection> _rejections;
    private readonly TimeProvider _time;
    private long _lastId;

    /// <param name="endPoint">The bound sockets.</param>
    /// <param name="listener">The settings, and where the requests go.</param>
    /// <param name="own">The addresses of all datagram listeners of this server.</param>
    /// <param name="time">Measures the period of the log throttle.</param>
    /// <param name="logger">Logs the datagrams that are dropped.</param>
    public DatagramListener(ListenerEndPoint endPoint, ListenerState listener, OwnAddresses own, TimeProvider time, ILogger logger)
    {
        _endPoint = endPoint;
        _listener = listener;
        _own = own;
        _time = time;
        var networks = listener.Options.AllowedNetworks;
        _allowed = networks.Count == 0 ? null : NetworkSet.Parse(networks);
        _rejections = new(
            time,
            first => LogRejected(logger, listener.Name, first.Address, first.Reason),
            (last, sum) => LogMoreRejected(logger, listener.Name, sum.Count, last.Address, sum.Seconds, last.Reason),
            fold: rejection => rejection with { Address = RemoteAddress.Others });
    }

    /// <summary>Receives from when the listener is opened until it is closed.</summary>
    public async Task RunAsync()
    {
        await _endPoint.Opened;
        await Dispatcher.SwitchToIoThread();
        await Task.WhenAll(_endPoint.Sockets.Zip(_endPoint.LocalEndPoints, ReceiveAsync));
    }

    public void Dispose() => _rejections.Dispose();

    private async Task ReceiveAsync(Socket socket, EndPoint local)
    {
        socket.Blocking = false; // for replies: see DatagramRequest
        var isUdp = socket.AddressFamily != AddressFamily.Unix;
        // One byte more than the largest request, to tell a datagram that was cut.
        var buffer = GC.AllocateUninitializedArray<byte>(Math.Min(_listener.Options.Protocol!.MaxRequestBytes, isUdp ? LongestUdp : LongestUnix) + 1, pinned: true);
        var sender = new SocketAddress(socket.AddressFamily);
        var work = new WorkBudget();
        using var pause = new AcceptBackoff(_time);
        while (!_endPoint.Closed.IsCancellationRequested)
        {
            try
            {
                sender.Size = SocketAddress.GetMaximumAddressSize(socket.AddressFamily);
                var length = await socket.ReceiveFromAsync(buffer, SocketFlags.None, sender, _endPoint.Closed);
                Take(socket, buffer.AsSpan(0, length), sender, RemoteOf(local, sender));
                // A flood of datagrams must not monopolize the I/O thread.
                if (work.Charge(WorkBudget.SystemCall + WorkBudget.Frame + length))
                    await Dispatcher.Yield();
            }
            catch (Exception) when (_endPoint.Closed.IsCancellationRequested)
            {
                break;
            }
            catch (Exception exception)
            {
                // Nothing ends the loop; out of memory or buffers, say, it must not spin either.
                Reject(null, $"receiving failed: {exception.Message}");
                await pause.WaitAsync(_endPoint.Closed);
            }
        }
    }

    private void Take(Socket socket, ReadOnlySpan<byte> datagram, SocketAddress sender, EndPoint? remote)
    {
        if (remote is IPEndPoint ip)
        {
            if (ip.Port == 0)
                Reject(remote, "it has no port to reply to");
            else if (_own.Contains(ip))
                Reject(remote, "it claims to come from this server, whose reply would be its next request");
            else if (_allowed?.Contains(ip.Address) == false)
                Reject(remote, "AllowedNetworks does not let it in");
            else
                Serve(socket, datagram, sender, remote);
        }
        else
        {
            Serve(socket, datagram, sender, remote);
        }
    }

    private void Serve(Socket socket, ReadOnlySpan<byte> datagram, SocketAddress sender, EndPoint? remote)
    {
        if (_listener.DatagramCount >= _listener.Options.MaxConnections)
        {
            Reject(remote, "MaxConnections is reached");
            return;
        }

        _listener.Accept();
        var client = new Client($"{_listener.Name}-{Interlocked.Increment(ref _lastId):X}", remote, _listener.Name, certificate: null);
        var request = new DatagramRequest(socket, Copy(socket.AddressFamily, sender), client, _places, _listener);
        if (request.TryAccept(datagram))
            ServeAsync(request).Observe();
    }

    private async Task ServeAsync(DatagramRequest request)
    {
        _listener.BeginDatagram();
        try
        {
            await request.ServeAsync();
        }
        finally
        {
            _listener.EndDatagram();
        }
    }

    private void Reject(EndPoint? remote, string reason)
    {
        _listener.Reject();
        _rejections.Add(new Rejection(RemoteAddress.Of(remote), reason));
    }

    private static SocketAddress Copy(AddressFamily family, SocketAddress address)
    {
        if (address.Size < FamilyBytes)
            return new SocketAddress(family, FamilyBytes); // a Unix socket without a name
        var copy = new SocketAddress(family, address.Size);
        address.Buffer.Span[..address.Size].CopyTo(copy.Buffer.Span);
        return copy;
    }

    private static EndPoint? RemoteOf(EndPoint local, SocketAddress sender)
    {
        if (sender.Size <= FamilyBytes)
            return null;
        var endPoint = local.Create(sender);
        return endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port) : endPoint;
    }

    [LoggerMessage(160, LogLevel.Warning, "Listener {Listener}: a datagram from {Address} is dropped: {Reason}")]
    private static partial void LogRejected(ILogger logger, string listener, object address, string reason);

    [LoggerMessage(161, LogLevel.Warning, "Listener {Listener}: {Count} more datagrams from {Address} were dropped within {Seconds} s: {Reason}")]
    private static partial void LogMoreRejected(ILogger logger, string listener, long count, object address, int seconds, string reason);

    private readonly record struct Rejection(object Address, string Reason);
}
