using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>
/// Puts telnet between a client's connection and whoever serves it: the connection's transport has the data, and the client's
/// wishes for the serial line are among the connection's features as a <see cref="LineServer"/>.
/// </summary>
internal sealed class TelnetClient : IAsyncDisposable
{
    /// <summary>How far a client's data are read ahead; more stays with the client.</summary>
    private static readonly PipeOptions ReadAhead = new(
        readerScheduler: PipeScheduler.Inline,
        writerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: 64 * 1024,
        resumeWriterThreshold: 32 * 1024,
        useSynchronizationContext: false);

    private readonly ConnectionContext _connection;
    private readonly IDuplexPipe _transport;
    private readonly CancellationToken _closed;
    private readonly CancellationTokenSource _ended = new();
    private readonly TelnetInput _input;
    private readonly Task _telling;

    private TelnetClient(ConnectionContext connection, LineServer line, TelnetWriter writer)
    {
        _connection = connection;
        _transport = connection.Transport;
        _closed = connection.ConnectionClosed;
        _input = new TelnetInput(_transport.Input, line, writer, ReadAhead);
        connection.Transport = new DataTransport(_input.Reader, writer);
        connection.Features.Set(line);
        // What tells a reset from an end of stream is the pipe that holds the data: nobody else reads the one below it.
        connection.Features.Set(new UnderlyingInputFeature(_input.Reader));
        connection.ConnectionClosed = _ended.Token;
        _telling = TellEndAsync();
    }

    /// <param name="connection">The client's connection; whoever serves it must do so between this and the disposal.</param>
    /// <param name="configured">How the line is set without a client's wishes.</param>
    /// <param name="time">Measures a break.</param>
    public static async ValueTask<TelnetClient> BeginAsync(ConnectionContext connection, SerialLinkOptions configured, TimeProvider time)
    {
        var line = new LineServer(
            new LineSettings(configured.BaudRate, configured.DataBits, configured.Parity, configured.StopBits, configured.Handshake), time);
        line.WriteHello();
        var writer = new TelnetWriter(connection.Transport.Output);
        await writer.SendAsync(line.Replies);
        return new TelnetClient(connection, line, writer);
    }

    public async ValueTask DisposeAsync()
    {
        await _input.CompleteAsync(null);
        _transport.Input.CancelPendingRead();
        _transport.Output.CancelPendingFlush();
        await _telling;
        _connection.Transport = _transport;
        _connection.ConnectionClosed = _closed;
        _ended.Dispose();
    }

    /// <summary>As the transport does: first the pipe tells of the end, then the token.</summary>
    private async Task TellEndAsync()
    {
        await _input.Left;
        await _ended.CancelAsync();
    }

    private sealed record DataTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
