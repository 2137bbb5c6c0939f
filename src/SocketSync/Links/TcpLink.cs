using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync;

/// <summary>A device that listens on TCP, with TLS or without.</summary>
/// <param name="options">Where it listens.</param>
/// <param name="giveUpAfter">How long the system goes on sending what the device does not acknowledge; <see langword="null"/>: for minutes.</param>
internal sealed class TcpLink(TcpLinkOptions options, TimeSpan? giveUpAfter = null) : ILink
{
    private const int TcpUserTimeout = 18; // TCP_USER_TIMEOUT of linux/tcp.h

    private readonly string _host = options.Host.Trim('[', ']');

    public string Description { get; } = $"tcp {Bracketed(options.Host.Trim('[', ']'))}:{options.Port}";

    public bool KeepsLateBytes => false;

    public TimeSpan FrameGap => TimeSpan.Zero;

    public async ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            if (!options.Tls && EventLoop.Next() is { } loop)
            {
                socket = await LoopConnector.ConnectAsync(_host, options.Port, loop, SetUp, cancellationToken);
                return new OpenTcpLink(LoopConnection.Start(socket, loop, LinkPipe.MaxReadAhead), socket);
            }

            socket = new(SocketType.Stream, ProtocolType.Tcp);
            SetUp(socket);
            // Tries each of the host's addresses, of either family.
            await socket.ConnectAsync(_host, options.Port, cancellationToken);
            return options.Tls ? await AuthenticateAsync(socket, cancellationToken) : OpenTcpLink.OnSockets(socket);
        }
        catch (Exception e)
        {
            socket?.Dispose();
            if (e is SocketException or IOException or AuthenticationException or ArgumentException) throw LinkException.Of(Description, e);
            throw;
        }
    }

    private async ValueTask<IOpenLink> AuthenticateAsync(Socket socket, CancellationToken cancellationToken)
    {
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = _host }, cancellationToken);
            return new OpenTlsLink(socket, tls, Description);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private void SetUp(Socket socket)
    {
        socket.NoDelay = true;
        // A device that loses its power closes nothing. If the link is unused for a night, only this shows that the device is gone.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        // The system sends also for a process that is stopped, and that may have lost the device to another node by then.
        if (giveUpAfter is { } time && OperatingSystem.IsLinux())
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpUserTimeout, BitConverter.GetBytes((int)time.TotalMilliseconds));
    }

    public static string Bracketed(string host) =>
        IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{host}]" : host;
}

/// <summary>A plain TCP connection, served by the loop that serves clients, or on the pipes of Kestrel's own transport.</summary>
internal sealed class OpenTcpLink : IOpenLink
{
    // Never disposed: its memory pool serves every TCP link for as long as the process lives.
    private static readonly Lazy<SocketConnectionContextFactory> Contexts = new(() => new(
        new SocketConnectionFactoryOptions
        {
            IOQueueCount = 0,
            UnsafePreferInlineScheduling = true,
            WaitForDataBeforeAllocatingBuffer = false, // One buffer for each device is little; waiting separately costs a system call.
            MaxReadBufferSize = LinkPipe.MaxReadAhead,
            MaxWriteBufferSize = 1, // So that a flush is over only when the system has taken everything.
        },
        NullLogger.Instance));

    private readonly Socket _socket;
    private readonly ConnectionContext _connection;
    private readonly LinkOutput _output;

    public OpenTcpLink(ConnectionContext connection, Socket socket)
    {
        _socket = socket;
        _connection = connection;
        _output = new(connection.Transport.Output, EndAsync);
    }

    public static OpenTcpLink OnSockets(Socket socket) => new(Contexts.Value.Create(socket), socket);

    public PipeReader Input => _connection.Transport.Input;

    public PipeWriter Output => _output;

    public bool IsEnded => TcpState.IsEnded(_socket);

    public bool TryReadAhead() => _connection is LoopConnection connection && connection.TryReceive();

    public ValueTask DisposeAsync()
    {
        if (_output.IsUnfinished || TcpState.HasUnsent(_socket)) _connection.Abort(new ConnectionAbortedException("The link is closed."));
        return _connection.DisposeAsync();
    }

    // Completing the transport's own output would close both directions.
    private ValueTask EndAsync()
    {
        _socket.Shutdown(SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }
}

/// <summary>A TCP connection within TLS.</summary>
internal sealed class OpenTlsLink : IOpenLink
{
    private readonly Socket _socket;
    private readonly SslStream _tls;
    private readonly StreamInput _input;
    private readonly LinkOutput _output;
    private readonly Task _watch;

    public OpenTlsLink(Socket socket, SslStream tls, string description)
    {
        _socket = socket;
        _tls = tls;
        _input = new(tls);
        _output = new LinkOutput(PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true)), EndAsync);
        _watch = _input.CompleteAtEndAsync(description);
    }

    public PipeReader Input => _input.Reader;

    public PipeWriter Output => _output;

    public bool IsEnded => TcpState.IsEnded(_socket);

    public async ValueTask DisposeAsync()
    {
        // The socket first: that ends what is pending on it.
        if (_output.IsUnfinished || TcpState.HasUnsent(_socket)) _socket.Close(timeout: 0);
        else _socket.Dispose();
        await _input.CompleteAsync(null);
        await _watch;
        await _tls.DisposeAsync();
    }

    private async ValueTask EndAsync()
    {
        await _tls.ShutdownAsync();
        _socket.Shutdown(SocketShutdown.Send);
    }
}
