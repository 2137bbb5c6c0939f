namespace SocketSync.Tests;

public class RateMeterTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly RateMeter _meter = new(Start);

    [Fact]
    public void SaysWhenOneFailedOrWasRefused()
    {
        Look(0, failed: 3, refused: 5);
        var unseen = Look(1, failed: 3, refused: 5);
        Assert.Equal((null, null, Start), (unseen.FailedAt, unseen.RefusedAt, unseen.Since));

        Assert.Equal(Start.AddSeconds(2), Look(2, failed: 4, refused: 5).FailedAt);
        var last = Look(9, failed: 4, refused: 6);
        Assert.Equal((Start.AddSeconds(2), Start.AddSeconds(9)), (last.FailedAt, last.RefusedAt));
    }

    /// <summary>Its counts begin anew, and what they counted before is no failure of now.</summary>
    [Fact]
    public void ANodeThatIsStartedAnewHasNotFailed()
    {
        Look(0, failed: 3, refused: 0, completed: 100);
        Look(1, failed: 0, refused: 0);
        var view = Look(2, failed: 0, refused: 0, completed: 10);
        Assert.Null(view.FailedAt);
        Assert.Equal(10, view.PerSecond);
    }

    private ResourceRates Look(double seconds, long failed, long refused, long completed = 0) =>
        _meter.Look(Start.AddSeconds(seconds), new RequestCounts(completed, refused, failed, Abandoned: 0, Cached: 0, Denied: 0));
}
