using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;

namespace SocketSync;

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
        _watch = WatchAsync(description);
    }

    public PipeReader Input => _input.Reader;

    public PipeWriter Output => _output;

    public bool IsEnded => TcpState.IsEnded(_socket);

    public async ValueTask DisposeAsync()
    {
        // Disposed of first, the socket ends what is pending on it.
        if (_output.IsUnfinished || TcpState.HasUnsent(_socket)) _socket.Close(timeout: 0);
        else _socket.Dispose();
        await _input.CompleteAsync(null);
        await _watch;
        await _tls.DisposeAsync();
    }

    private async Task WatchAsync(string description)
    {
        var error = await _input.Left;
        await _input.CompleteAsync(error is null ? null : LinkException.Of(description, error));
    }

    private async ValueTask EndAsync()
    {
        await _tls.ShutdownAsync();
        _socket.Shutdown(SocketShutdown.Send);
    }
}
