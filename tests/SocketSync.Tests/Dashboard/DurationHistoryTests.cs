namespace SocketSync.Tests;

public class DurationHistoryTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void KnowsPercentilesWithinAFifth()
    {
        var history = new DurationHistory();
        for (var i = 1; i <= 1000; i++)
            history.Add(TimeSpan.FromMilliseconds(i));
        var view = history.Look(Start);
        Assert.InRange(view.P50!.Value.TotalMilliseconds, 400, 600);
        Assert.InRange(view.P99!.Value.TotalMilliseconds, 790, 1200);
    }

    [Fact]
    public void ForgetsAfterAMinuteButDrawsFive()
    {
        var history = new DurationHistory();
        history.Look(Start);
        history.Add(TimeSpan.FromMilliseconds(10));
        Assert.NotNull(history.Look(Start + TimeSpan.FromSeconds(50)).P50);

        var later = history.Look(Start + TimeSpan.FromSeconds(70));
        Assert.Null(later.P50);
        Assert.Equal(DurationHistory.Steps, later.Points.Count);
        Assert.Single(later.Points, point => point.P50 is not null);
        Assert.DoesNotContain(history.Look(Start + TimeSpan.FromMinutes(6)).Points, point => point.P50 is not null);
    }

    /// <summary>Details are looked at when somebody opens them, maybe minutes after the turns.</summary>
    [Fact]
    public void KeepsStepsApartWhileNobodyLooks()
    {
        var history = new DurationHistory();
        for (var second = 0; second <= 120; second += 5)
        {
            history.Advance(Start + TimeSpan.FromSeconds(second));
            history.Add(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal(25, history.Look(Start + TimeSpan.FromSeconds(120)).Points.Count(point => point.P50 is not null));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.4)]
    [InlineData(1e12)]
    public void TakesWhateverATimeCanBe(double microseconds)
    {
        var histogram = new PercentileHistogram();
        histogram.Add(TimeSpan.FromMicroseconds(microseconds));
        Assert.NotNull(histogram.Percentile(0.99));
    }
}
