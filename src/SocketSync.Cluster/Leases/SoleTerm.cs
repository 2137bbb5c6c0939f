using System.Diagnostics.CodeAnalysis;

namespace SocketSync;

/// <summary>
/// The term of a resource that only one node may own: it needs no lease, and no store. It lasts until this process ends it.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no timer, and is cancelled in the end.")]
internal sealed class SoleTerm : Term
{
    private static long s_last;

    private readonly CancellationTokenSource _ended = new();
    private volatile bool _isOver;

    public SoleTerm(TimeProvider time) => Epoch = Next(time.GetUtcNow().ToUnixTimeMilliseconds());

    public override long Epoch { get; }

    public override bool IsValid => !_isOver;

    /// <summary>Fires when it has been ended.</summary>
    public CancellationToken Ended => _ended.Token;

    public void End()
    {
        _isOver = true;
        _ended.CancelInBackground();
    }

    /// <summary>The time, which is greater than any epoch of earlier processes, and greater than any of this one.</summary>
    private static long Next(long milliseconds)
    {
        while (true)
        {
            var last = Interlocked.Read(ref s_last);
            var next = Math.Max(milliseconds, last + 1);
            if (Interlocked.CompareExchange(ref s_last, next, last) == last)
                return next;
        }
    }
}
