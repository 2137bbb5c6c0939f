namespace SocketSync.Tests;

public class ReconnectPolicyTests
{
    private static readonly LinkOptions Options = new() { ReconnectDelay = TimeSpan.FromMilliseconds(100), MaxReconnectDelay = TimeSpan.FromMilliseconds(500) };

    private readonly ManualClock _clock = new();
    private readonly ReconnectPolicy _policy;

    public ReconnectPolicyTests() => _policy = new ReconnectPolicy(_clock);

    [Fact]
    public void ThePauseDoublesWithEachFailureUpToTheMost() => Assert.Equal([100, 200, 400, 500, 500], Pauses(5));

    [Fact]
    public void ThePauseIsTheShortestAgainAfterARequestWasServed()
    {
        Pauses(3);
        _policy.Opened();
        _policy.Asked();
        Assert.Equal([500], Pauses(1)); // being open shows nothing yet
        _policy.Served();
        Assert.Equal([100], Pauses(1));
    }

    [Fact]
    public void ThePauseIsTheShortestAgainAfterALinkThatLastedForAWhile()
    {
        Pauses(3);
        OpenAndLose(TimeSpan.FromSeconds(1), isAsked: false);
        Assert.Equal([100], Pauses(1));
    }

    [Fact]
    public void ALinkThatIsLostRightAwayThreeTimesInARowCountsAsAFailure()
    {
        OpenAndLose(TimeSpan.FromSeconds(0.9), isAsked: false);
        OpenAndLose(TimeSpan.Zero, isAsked: false);
        Assert.False(_policy.CountsAsFailure);
        OpenAndLose(TimeSpan.Zero, isAsked: false);
        Assert.True(_policy.CountsAsFailure);
        OpenAndLose(TimeSpan.FromSeconds(1), isAsked: false);
        Assert.False(_policy.CountsAsFailure);
    }

    [Fact]
    public void ARequestAtWhichTheDeviceHangsUpIsNoFailureToConnect()
    {
        for (var i = 0; i < 10; i++)
            OpenAndLose(TimeSpan.Zero, isAsked: true);
        Assert.False(_policy.CountsAsFailure);
        Assert.Equal([100], Pauses(1));
    }

    [Fact]
    public void ProofIsNeededAfterThreeLinksThatServedNobody()
    {
        OpenAndLose(TimeSpan.Zero, isAsked: true);
        OpenAndLose(TimeSpan.FromMinutes(1), isAsked: true);
        OpenAndLose(TimeSpan.Zero, isAsked: false); // nothing was asked, so it tells nothing
        Assert.False(_policy.NeedsProof);
        OpenAndLose(TimeSpan.Zero, isAsked: true);
        Assert.True(_policy.NeedsProof);
        _policy.Opened();
        _policy.Asked();
        _policy.Served();
        Assert.False(_policy.NeedsProof);
    }

    private void OpenAndLose(TimeSpan after, bool isAsked)
    {
        _policy.Opened();
        if (isAsked)
            _policy.Asked();
        _clock.Advance(after);
        _policy.Lost();
    }

    private IEnumerable<double> Pauses(int count) => [.. Enumerable.Range(0, count).Select(_ => _policy.NextPause(Options).TotalMilliseconds)];
}
