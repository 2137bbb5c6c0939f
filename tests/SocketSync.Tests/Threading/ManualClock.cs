namespace SocketSync.Tests;

/// <summary>
/// A clock that stands still, for races: FakeTimeProvider rings its timers on whoever asks for the time, even under the
/// lock that the timer's callback takes, which no real clock does. This one rings from <see cref="Advance"/> only. It also
/// counts how often a timer was set.
/// </summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock _sync = new();
    private readonly List<Timer> _timers = [];
    private long _now = TimeSpan.TicksPerDay;

    public int Changes { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        lock (_sync)
            _timers.Add(timer);
        return timer;
    }

    public void Advance(TimeSpan time)
    {
        List<Timer>? due = null;
        lock (_sync)
        {
            Volatile.Write(ref _now, _now + time.Ticks);
            foreach (var timer in _timers)
            {
                if (timer.Due > _now)
                    continue;
                timer.Due = long.MaxValue;
                (due ??= []).Add(timer);
            }
        }

        due?.ForEach(timer => timer.Ring());
    }

    private sealed class Timer(ManualClock clock, Action ring) : ITimer
    {
        public long Due { get; set; } = long.MaxValue;

        public Action Ring { get; } = ring;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._sync)
            {
                clock.Changes++;
                Due = clock._now + dueTime.Ticks;
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._sync)
                clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
