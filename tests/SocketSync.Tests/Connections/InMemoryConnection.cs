using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace SocketSync.Tests;

/// <summary>A connection without a network: the test is the client.</summary>
internal sealed class InMemoryConnection : ConnectionContext
{
    private readonly Pipe _toServer;
    private readonly Pipe _toClient;
    private readonly CancellationTokenSource _closed = new();

    /// <param name="scheduler">Where each side goes on when the other has done something; the thread pool if not given.</param>
    public InMemoryConnection(PipeScheduler? scheduler = null)
    {
        _toServer = new Pipe(new PipeOptions(null, scheduler, scheduler, useSynchronizationContext: false));
        // Like the transport's: a flush completes when everything was taken.
        _toClient = new Pipe(new PipeOptions(null, scheduler, scheduler, pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        Transport = new Duplex(_toServer.Reader, _toClient.Writer);
        ConnectionClosed = _closed.Token;
        RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 12345);
    }

    public override IDuplexPipe Transport { get; set; }

    public override string ConnectionId { get; set; } = Guid.NewGuid().ToString("N");

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public string? AbortReason { get; private set; }

    /// <summary>The server's task for this connection.</summary>
    public Task Served { get; set; } = Task.CompletedTask;

    /// <summary>The client's side, in bytes.</summary>
    public PipeWriter ToServer => _toServer.Writer;

    public PipeReader FromServer => _toClient.Reader;

    public async Task SendAsync(string text) => await _toServer.Writer.WriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>What comes up to the next line end, without it; null at the end of the stream.</summary>
    public async Task<string?> ReadLineAsync()
    {
        while (true)
        {
            var result = await _toClient.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            var text = Encoding.ASCII.GetString(result.Buffer);
            var end = text.IndexOf('\n', StringComparison.Ordinal);
            if (end >= 0)
            {
                _toClient.Reader.AdvanceTo(result.Buffer.GetPosition(end + 1));
                return text[..end];
            }

            _toClient.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted)
                return text.Length == 0 ? null : throw new InvalidOperationException($"The stream ends inside '{text}'.");
        }
    }

    /// <summary>The client ends its stream and still reads.</summary>
    public void HalfClose()
    {
        _toServer.Writer.Complete();
        _closed.Cancel();
    }

    /// <summary>The client resets its connection.</summary>
    public void Reset()
    {
        _toServer.Writer.Complete(new ConnectionResetException("reset by the test"));
        _toClient.Reader.Complete();
        _closed.Cancel();
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        AbortReason = abortReason.Message;
        _toServer.Writer.Complete(abortReason);
        _toClient.Reader.Complete();
        _closed.Cancel();
    }

    /// <summary>The handler has returned: as the transport does, ends the stream to the client.</summary>
    public void Finish() => _toClient.Writer.Complete();

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
