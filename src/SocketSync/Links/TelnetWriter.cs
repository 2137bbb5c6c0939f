using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>
/// The output of a telnet connection: data, in which no byte is taken for a command, and what the telnet end itself has to say, which
/// another thread may send at any time. Each flush is sent whole.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore that never made a wait handle holds nothing.")]
internal sealed class TelnetWriter(PipeWriter inner) : PipeWriter
{
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly PooledBuffer _data = new();

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _data.Length;

    public override void Advance(int bytes) => _data.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => _data.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _data.GetSpan(sizeHint);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => _data.Clear();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            TelnetEnd.Encode(_data.Written.Span, inner);
            _data.Clear();
            return await inner.FlushAsync(cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends what a telnet end has gathered, as it is.</summary>
    /// <returns><see langword="false"/> if the other end takes nothing more.</returns>
    public async ValueTask<bool> SendAsync(PooledBuffer replies)
    {
        await _sending.WaitAsync();
        try
        {
            inner.Write(replies.Written.Span);
            replies.Clear();
            return !(await inner.FlushAsync()).IsCompleted;
        }
        finally
        {
            _sending.Release();
        }
    }
}
