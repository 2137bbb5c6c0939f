using System.Buffers;
using System.IO.Pipelines;

namespace SocketSync.Tests;

/// <summary>A device that sends without end: every read completes at once.</summary>
internal sealed class FloodingInput(byte[] pattern) : PipeReader
{
    public const int ReadBytes = 4096;

    [ThreadStatic]
    private static long s_consumedHere;

    private readonly byte[] _bytes = Repeat(pattern);
    private ReadOnlySequence<byte> _read;
    private bool _isCancelled;

    /// <summary>How many bytes were taken.</summary>
    public long Consumed { get; private set; }

    /// <summary>How many bytes of any flood were taken on this thread.</summary>
    public static long ConsumedHere => s_consumedHere;

    /// <summary>Who only looks what is there finds nothing: it floods when it is waited for.</summary>
    public bool IsShy { get; set; }

    /// <summary>Ends the flood: the next read says so.</summary>
    public bool HasEnded { get; set; }

    public override bool TryRead(out ReadResult result)
    {
        result = IsShy ? default : Next();
        return !IsShy;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Next());
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var count = _read.Slice(0, consumed).Length;
        Assert.Equal(0, count % pattern.Length); // so that each read begins as the first did
        Consumed += count;
        s_consumedHere += count;
    }

    public override void CancelPendingRead() => _isCancelled = true;

    public override void Complete(Exception? exception = null)
    {
    }

    private static byte[] Repeat(byte[] pattern)
    {
        var bytes = new byte[ReadBytes / pattern.Length * pattern.Length];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = pattern[i % pattern.Length];
        return bytes;
    }

    private ReadResult Next()
    {
        _read = HasEnded ? default : new(_bytes);
        var result = new ReadResult(_read, _isCancelled, HasEnded);
        _isCancelled = false;
        return result;
    }
}

/// <summary>A link to it.</summary>
internal sealed class FloodingLink(byte[] pattern) : ILink, IOpenLink
{
    private readonly Pipe _toDevice = new(new PipeOptions(pauseWriterThreshold: 0));

    public string Description => "flood";

    public bool KeepsLateBytes { get; init; }

    public TimeSpan FrameGap => TimeSpan.Zero;

    public FloodingInput Flood { get; } = new(pattern);

    public PipeReader Input => Flood;

    public PipeWriter Output => _toDevice.Writer;

    public ValueTask<IOpenLink> OpenAsync(CancellationToken cancellationToken) => new(this);

    public ValueTask DisposeAsync()
    {
        Flood.HasEnded = true;
        return ValueTask.CompletedTask;
    }
}
