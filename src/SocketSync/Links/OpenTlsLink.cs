using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>A TCP connection within TLS.</summary>
internal sealed class OpenTlsLink : IOpenLink
{
    private readonly Socket _socket;
    private readonly SslStream _tls;
    private readonly string _description;
    private readonly Pipe _input = new(LinkPipe.Options);
    private readonly LinkOutput _output;
    private readonly Task _reading;

    public OpenTlsLink(Socket socket, SslStream tls, string description)
    {
        _socket = socket;
        _tls = tls;
        _description = description;
        _output = new LinkOutput(PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true)), EndAsync);
        _reading = ReadAsync();
    }

    public PipeReader Input => _input.Reader;

    public PipeWriter Output => _output;

    public bool IsEnded => TcpState.IsEnded(_socket);

    public async ValueTask DisposeAsync()
    {
        // Disposed of first, the socket ends what is pending on it.
        if (_output.IsUnfinished || TcpState.HasUnsent(_socket)) _socket.Close(timeout: 0);
        else _socket.Dispose();
        _input.Writer.CancelPendingFlush();
        await _reading;
        await _tls.DisposeAsync();
    }

    private async Task ReadAsync()
    {
        LinkException? lost = null;
        try
        {
            await _tls.CopyToAsync(_input.Writer);
        }
        catch (Exception e)
        {
            lost = LinkException.Of(_description, e);
        }

        await _input.Writer.CompleteAsync(lost);
    }

    private async ValueTask EndAsync()
    {
        await _tls.ShutdownAsync();
        _socket.Shutdown(SocketShutdown.Send);
    }
}
