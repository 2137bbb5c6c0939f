namespace SocketSync.Tests;

public sealed class CoalescingTimerTests : IDisposable
{
    private readonly ManualClock _time = new();
    private readonly Lock _sync = new();
    private readonly CoalescingTimer _timer;
    private int _rings;

    public CoalescingTimerTests() => _timer = new CoalescingTimer(_time, () =>
    {
        lock (_sync)
        {
            _timer!.Fired();
            _rings++;
        }
    });

    public void Dispose() => _timer.Dispose();

    [Fact]
    public void RingsOnceAndNotEarly()
    {
        Set(100);
        Advance(99);
        Assert.Equal(0, _rings);
        Advance(1);
        Assert.Equal(1, _rings);
        Advance(10_000);
        Assert.Equal(1, _rings);
    }

    [Fact]
    public void ALaterTimeCostsNoTimerOperation()
    {
        Set(100);
        for (var later = 100; later < 1_000; later++)
            Set(later);
        Assert.Equal(1, _time.Changes);
        Advance(100);
        Assert.Equal(1, _rings); // early for the later ones: the owner knows, and sets it again
    }

    [Fact]
    public void AnEarlierTimeBringsItForward()
    {
        Set(100);
        Set(50);
        Assert.Equal(2, _time.Changes);
        Advance(50);
        Assert.Equal(1, _rings);
    }

    [Fact]
    public void ATimeThatHasPassedRingsAtOnce()
    {
        Set(-5);
        Advance(0);
        Assert.Equal(1, _rings);
    }

    [Fact]
    public void APartOfAMillisecondIsRoundedUp()
    {
        lock (_sync)
            _timer.NotLaterThan(_time.GetTimestamp() + 1);
        _time.Advance(TimeSpan.FromTicks(TimeSpan.TicksPerMillisecond - 1));
        Assert.Equal(0, _rings);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(1, _rings);
    }

    [Fact]
    public void MeasuresTimesInTheUnitsOfItsClock()
    {
        foreach (var span in new[] { TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromDays(24) })
        {
            var ticks = TimeProvider.System.ToTimestampTicks(span);
            Assert.Equal(span, TimeProvider.System.GetElapsedTime(0, ticks));
        }
    }

    private void Set(int milliseconds)
    {
        lock (_sync)
            _timer.NotLaterThan(_time.GetTimestamp() + (milliseconds * TimeSpan.TicksPerMillisecond));
    }

    private void Advance(int milliseconds) => _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
}
