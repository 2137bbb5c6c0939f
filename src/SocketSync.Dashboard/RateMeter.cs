namespace SocketSync;

/// <summary>How requests ended since the start; and how many end per second now, in whatever way, and how many of these are refused.</summary>
/// <param name="Completed">How many were served.</param>
/// <param name="Refused">How many were refused.</param>
/// <param name="Failed">How many failed, or took too long.</param>
/// <param name="PerSecond">How many end per second.</param>
/// <param name="RefusedPerSecond">How many of these are refused.</param>
/// <param name="Since">When the page began to look: what is not known to have happened later was before.</param>
/// <param name="RefusedAt">When the last one was refused, if that was seen.</param>
/// <param name="FailedAt">When the last one failed, if that was seen.</param>
internal sealed record ResourceRates(
    long Completed,
    long Refused,
    long Failed,
    double PerSecond,
    double RefusedPerSecond,
    DateTimeOffset Since,
    DateTimeOffset? RefusedAt,
    DateTimeOffset? FailedAt);

/// <summary>How fast a resource's counts grow, over the last seconds; and when those of refusals and failures last grew.</summary>
/// <param name="since">When the page began to look.</param>
internal sealed class RateMeter(DateTimeOffset since)
{
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(2);

    private readonly Queue<(DateTimeOffset At, RequestCounts Counts)> _samples = new();
    private RequestCounts? _last;
    private DateTimeOffset? _refusedAt;
    private DateTimeOffset? _failedAt;

    public ResourceRates Look(DateTimeOffset now, RequestCounts counts)
    {
        if (_last is { } last)
        {
            if (counts.Total < last.Total)
                _samples.Clear(); // a node was started anew, and counts from the beginning
            if (counts.Refused > last.Refused)
                _refusedAt = now;
            if (counts.Failed > last.Failed)
                _failedAt = now;
        }

        _last = counts;
        _samples.Enqueue((now, counts));
        while (_samples.Count > 2 && now - _samples.Peek().At > Span)
            _samples.Dequeue();
        var first = _samples.Peek();
        var seconds = (now - first.At).TotalSeconds;
        return new(
            counts.Completed,
            counts.Refused,
            counts.Failed,
            seconds <= 0 ? 0 : (counts.Total - first.Counts.Total) / seconds,
            seconds <= 0 ? 0 : (counts.Refused - first.Counts.Refused) / seconds,
            since,
            _refusedAt,
            _failedAt);
    }
}
