using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync;

/// <summary>A plain TCP connection, on the pipes of Kestrel's own transport.</summary>
internal sealed class OpenTcpLink : IOpenLink
{
    // Never disposed: its memory pool serves every TCP link for as long as the process lives.
    private static readonly SocketConnectionContextFactory Contexts = new(
        new SocketConnectionFactoryOptions
        {
            IOQueueCount = 0,
            UnsafePreferInlineScheduling = true,
            WaitForDataBeforeAllocatingBuffer = false, // One buffer for each device is little; a wait of its own is a system call more.
            MaxReadBufferSize = LinkPipe.MaxReadAhead,
            MaxWriteBufferSize = 1, // So that a flush is over only when the system has taken everything.
        },
        NullLogger.Instance);

    private readonly Socket _socket;
    private readonly ConnectionContext _connection;
    private readonly LinkOutput _output;

    public OpenTcpLink(Socket socket)
    {
        _socket = socket;
        _connection = Contexts.Create(socket);
        _output = new(_connection.Transport.Output, EndAsync);
    }

    public PipeReader Input => _connection.Transport.Input;

    public PipeWriter Output => _output;

    public bool IsEnded => TcpState.IsEnded(_socket);

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
