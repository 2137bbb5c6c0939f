using System.Buffers;
using System.Text;

namespace SocketSync.Testing;

/// <summary>
/// A request to call a processor with, in place of a client: <c>await processor.ProcessAsync(request.Context, token)</c>, then look at
/// <see cref="Reply"/>.
/// </summary>
/// <remarks>For one call. Nothing is framed: the processor gets the bytes as they are given here.</remarks>
public sealed class TestRequest : IDisposable
{
    private readonly ScriptedClient _client = new();

    /// <param name="request">The request's bytes, its delimiter or length header included.</param>
    /// <param name="resource">The resource's name.</param>
    /// <param name="epoch">What <see cref="RequestContext.Epoch"/> says.</param>
    public TestRequest(ReadOnlySpan<byte> request, string resource = "Test", long epoch = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(resource);
        Context = new RequestContext(resource, LocalEndPoint.AsClient(), _client, leaveIoThread: false) { Epoch = epoch };
        Context.Open(new ReadOnlySequence<byte>(request.ToArray()));
    }

    /// <summary>The same, of text in UTF-8.</summary>
    /// <param name="request">The request, its delimiter included.</param>
    public TestRequest(string request)
        : this(Encoding.UTF8.GetBytes(request))
    {
    }

    /// <summary>What the processor is called with.</summary>
    public RequestContext Context { get; }

    /// <summary>What the client has got so far: what was sent during the turn, and then what stands in <see cref="RequestContext.Reply"/>.</summary>
    public ReadOnlyMemory<byte> Reply => new([.. _client.Sent.WrittenSpan, .. Context.ReplyBuffer.Written.Span]);

    /// <summary>The same as text.</summary>
    public string ReplyText => Encoding.UTF8.GetString(Reply.Span);

    /// <summary>What was sent during the turn, by <see cref="RequestContext.SendAsync"/>.</summary>
    public ReadOnlyMemory<byte> Sent => _client.Sent.WrittenMemory;

    /// <summary>
    /// Adds what the client sends next, for <see cref="RequestContext.ReceiveAsync"/>. After the last one it has ended its stream, and
    /// the processor gets <see langword="null"/>.
    /// </summary>
    /// <param name="request">The next request's bytes.</param>
    /// <returns>The same request.</returns>
    public TestRequest Then(ReadOnlySpan<byte> request)
    {
        _client.Next.Enqueue(request.ToArray());
        return this;
    }

    /// <summary>The same, of text in UTF-8.</summary>
    /// <param name="request">The next request.</param>
    /// <returns>The same request.</returns>
    public TestRequest Then(string request) => Then(Encoding.UTF8.GetBytes(request));

    /// <summary>Gives the buffers back.</summary>
    public void Dispose() => Context.Clear();

    private sealed class ScriptedClient : IConversation
    {
        public Queue<byte[]> Next { get; } = new();

        public ArrayBufferWriter<byte> Sent { get; } = new();

        public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Sent.Write(bytes.Span);
            return ValueTask.CompletedTask;
        }

        public ValueTask<bool> ReceiveAsync(PooledBuffer request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!Next.TryDequeue(out var next))
                return ValueTask.FromResult(false);
            request.Set(new ReadOnlySequence<byte>(next));
            return ValueTask.FromResult(true);
        }
    }
}
