namespace SocketSync;

/// <summary>How requests ended since the start, how many end in a second now, however they do, and how many of these are refused.</summary>
internal sealed record ResourceRates(long Completed, long Refused, long Failed, long Abandoned, double PerSecond, double RefusedPerSecond);

/// <summary>How fast a resource's counts grow, over the last seconds.</summary>
internal sealed class RateMeter
{
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(2);

    private readonly Queue<(DateTimeOffset At, long Ended, long Refused)> _samples = new();

    public ResourceRates Look(DateTimeOffset now, IReadOnlyCollection<ListenerState> listeners)
    {
        long Sum(Outcome outcome) => listeners.Sum(listener => listener.CountOf(outcome));
        var completed = Sum(Outcome.Ok);
        var refused = Sum(Outcome.Busy) + Sum(Outcome.Unavailable);
        var failed = Sum(Outcome.Timeout) + Sum(Outcome.Failed);
        var abandoned = Sum(Outcome.Abandoned);

        var ended = completed + refused + failed + abandoned;
        _samples.Enqueue((now, ended, refused));
        while (_samples.Count > 2 && now - _samples.Peek().At > Span)
            _samples.Dequeue();
        var first = _samples.Peek();
        var seconds = (now - first.At).TotalSeconds;
        return seconds <= 0
            ? new(completed, refused, failed, abandoned, 0, 0)
            : new(completed, refused, failed, abandoned, (ended - first.Ended) / seconds, (refused - first.Refused) / seconds);
    }
}
