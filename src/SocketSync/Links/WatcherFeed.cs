using System.Buffers;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>What one watcher has not been sent yet: bounded, and never waited for.</summary>
/// <param name="wantsBoth">Whether it gets what is said to the device too, and each line whole.</param>
/// <param name="tooSlow">Called once, from the thread pool, when it has fallen behind too far; it gets nothing more.</param>
internal sealed class WatcherFeed(bool wantsBoth, Action tooSlow)
{
    /// <summary>How far a watcher may fall behind, in bytes, before it is closed.</summary>
    public const int MaxBehind = 256 * 1024;

    // Its reader continues on the pool: not on the thread that brings the device's bytes.
    private readonly Pipe _pipe = new(new PipeOptions(
        readerScheduler: PipeScheduler.ThreadPool, pauseWriterThreshold: MaxBehind, resumeWriterThreshold: MaxBehind, useSynchronizationContext: false));

    private bool _isOver;

    public bool WantsBoth { get; } = wantsBoth;

    /// <summary>What it has still to be sent; completes when there is nothing more.</summary>
    public PipeReader Unsent => _pipe.Reader;

    /// <summary>Adds bytes, or gives the watcher up. Not concurrent with itself.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (Volatile.Read(ref _isOver))
            return;
        if (bytes.Length < MaxBehind)
        {
            _pipe.Writer.Write(bytes);
            var flush = _pipe.Writer.FlushAsync();
            if (flush.IsCompletedSuccessfully)
                return; // else the pipe is full
        }

        if (!Interlocked.Exchange(ref _isOver, true))
            ThreadPool.UnsafeQueueUserWorkItem(static tooSlow => tooSlow(), tooSlow, preferLocal: false);
    }

    /// <summary>Nothing more is added; what is there can still be read. To be called when it has left the watch.</summary>
    public void End()
    {
        Volatile.Write(ref _isOver, true);
        _pipe.Writer.Complete();
    }
}
