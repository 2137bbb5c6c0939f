using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>
/// A device that is asked by UDP: a request is a datagram, and so is its reply. Opening it only binds a socket and looks the host up,
/// since nobody is there to be connected to; the socket is replaced after a timeout, so that a late datagram finds its port closed.
/// </summary>
/// <param name="options">The device's address.</param>
/// <param name="lookUp">Finds a host's addresses; the system's way where nothing is said.</param>
internal sealed class UdpLink(UdpLinkOptions options, Func<string, CancellationToken, Task<IPAddress[]>>? lookUp = null) : ILink
{
    /// <summary>What IPv4 leaves of a datagram of 65,535 bytes after its header and that of UDP (RFC 791, RFC 768).</summary>
    public const int LargestDatagram = 65507;

    private readonly string _host = options.Host.Trim('[', ']');
    private IPAddress? _next;

    public string Description { get; } = $"udp {TcpLink.Bracketed(options.Host.Trim('[', ']'))}:{options.Port}";

    public bool KeepsLateBytes => false;

    public TimeSpan FrameGap => TimeSpan.Zero;

    public int? DatagramBytes => LargestDatagram;

    public async ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return Connect(await (lookUp ?? Dns.GetHostAddressesAsync)(_host, cancellationToken));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw LinkException.Of(Description, e);
        }
    }

    /// <summary>
    /// Connects to the host's address that is next: a connected socket takes nothing from others, and is told when nobody listens
    /// on the port. Only a reply shows that an address is the right one, so another is tried after each link that brought none.
    /// </summary>
    private OpenUdpLink Connect(IPAddress[] addresses)
    {
        var first = Math.Max(Array.IndexOf(addresses, _next), 0);
        SocketException? refused = null;
        for (var i = 0; i < addresses.Length; i++)
        {
            var at = (first + i) % addresses.Length;
            var socket = new Socket(addresses[at].AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                socket.Connect(addresses[at], options.Port); // sends nothing, and does not wait
                _next = addresses[(at + 1) % addresses.Length];
                return new(socket, Description, answered: () => _next = addresses[at]);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                refused = e; // no way to this family, for instance
            }
        }

        throw refused ?? new SocketException((int)SocketError.HostNotFound);
    }
}

/// <summary>A UDP socket that is connected to its device.</summary>
internal sealed class OpenUdpLink : IOpenLink
{
    private readonly Socket _socket;
    private readonly DatagramInput _input;
    private readonly LinkOutput _output;

    /// <param name="socket">Is connected, and owned by this object from now on.</param>
    /// <param name="description">The link's <see cref="ILink.Description"/>.</param>
    /// <param name="answered">Called when something has come.</param>
    public OpenUdpLink(Socket socket, string description, Action answered)
    {
        _socket = socket;
        _input = new(socket, description, answered);
        // A datagram says nothing of the end of a stream.
        _output = new LinkOutput(new DatagramOutput(socket), () => ValueTask.CompletedTask);
    }

    public PipeReader Input => _input;

    public PipeWriter Output => _output;

    // Read ahead through a pipe, datagrams would run together.
    public IOpenLink Watched(DeviceWatch watch)
    {
        (_input.Watch, _output.Watch) = (watch, watch);
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose(); // before a read that is pending is told
        await _input.CompleteAsync();
    }
}

/// <summary>Sends what was written as one datagram with each flush.</summary>
internal sealed class DatagramOutput(Socket socket) : PipeWriter
{
    private readonly PooledBuffer _written = new();

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _written.Length;

    public override void Advance(int bytes) => _written.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => _written.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _written.GetSpan(sizeHint);

    public override void CancelPendingFlush()
    {
        // A flush does not wait for anybody.
    }

    public override void Complete(Exception? exception = null) => _written.Clear();

    /// <exception cref="SocketException">The datagram was not sent.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_written.Length > 0) await socket.SendAsync(_written.Written, cancellationToken);
        _written.Clear();
        return default;
    }
}
