namespace SocketSync.Tests;

public class RestingUnitsTests
{
    private static readonly RestOptions Options = new() { After = 3, First = TimeSpan.FromSeconds(5), Most = TimeSpan.FromSeconds(60) };

    private readonly ManualClock _clock = new();
    private readonly RestingUnits _units;

    public RestingUnitsTests() => _units = new RestingUnits(_clock);

    [Fact]
    public void AUnitThatHasNotAnsweredSoOftenInARowRests()
    {
        Fail(9, 2);
        Assert.Empty(_units.List(Options));
        Fail(9);
        Assert.Equal([9], _units.List(Options));
        Assert.False(_units.TryBegin(9, Options));
        Assert.True(_units.TryBegin(8, Options));
    }

    [Fact]
    public void AnAnswerInBetweenBeginsTheCountAnew()
    {
        Fail(9, 2);
        Ask(9, true);
        Fail(9, 2);
        Assert.True(_units.TryBegin(9, Options));
    }

    [Fact]
    public void ALostLinkSaysNothingOfAUnit()
    {
        Fail(9, 2);
        Ask(9, null);
        Assert.Empty(_units.List(Options));
        Fail(9);
        Assert.Equal([9], _units.List(Options));
    }

    [Fact]
    public void AfterARestOneRequestTriesTheUnitWhileOthersAreRefused()
    {
        Fail(9, 3);
        _clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(_units.TryBegin(9, Options));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Empty(_units.List(Options));
        Assert.True(_units.TryBegin(9, Options));
        Assert.True(_units.Rests(9, Options));
        Assert.False(_units.TryBegin(9, Options));
        _units.End(9, true, Options);
        Assert.True(_units.TryBegin(9, Options));
        Assert.Empty(_units.List(Options));
    }

    [Fact]
    public void EachFurtherFailureDoublesTheRestUpToTheMost()
    {
        Fail(9, 3);
        foreach (var seconds in (int[])[5, 10, 20, 40, 60, 60, 60])
        {
            _clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            Assert.False(_units.TryBegin(9, Options), $"{seconds} s are not over");
            _clock.Advance(TimeSpan.FromTicks(1));
            Fail(9);
        }

        _clock.Advance(TimeSpan.FromSeconds(60));
        Ask(9, true);
        Fail(9, 3);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.True(_units.TryBegin(9, Options));
    }

    [Fact]
    public void ATryThatIsLostLeavesTheUnitToBeTriedAgain()
    {
        Fail(9, 3);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Ask(9, null);
        Assert.True(_units.TryBegin(9, Options));
    }

    [Fact]
    public void After0NoUnitRests()
    {
        var never = Options with { After = 0 };
        for (var i = 0; i < 10; i++)
        {
            Assert.True(_units.TryBegin(9, never));
            _units.End(9, false, never);
        }

        Assert.Empty(_units.List(never));
        Assert.False(_units.Rests(9, never));
    }

    [Fact]
    public void AUnitThatRestsIsAskedAtOnceWhereTheSettingIsTurnedOff()
    {
        Fail(9, 3);
        Assert.True(_units.TryBegin(9, Options with { After = 0 }));
        Assert.True(_units.TryBegin(9, Options with { After = 4 }));
    }

    [Fact]
    public void TheUnitsAreListedInTheirOrder()
    {
        foreach (var unit in (byte[])[200, 3, 17])
            Fail(unit, 3);
        Assert.Equal([3, 17, 200], _units.List(Options));
    }

    private void Fail(byte unit, int times = 1)
    {
        for (var i = 0; i < times; i++)
            Ask(unit, false);
    }

    private void Ask(byte unit, bool? hasAnswered)
    {
        Assert.True(_units.TryBegin(unit, Options));
        _units.End(unit, hasAnswered, Options);
    }
}
