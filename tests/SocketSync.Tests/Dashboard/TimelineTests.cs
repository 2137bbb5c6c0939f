namespace SocketSync.Tests;

public class TimelineTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 1, 0, TimeSpan.Zero);

    private readonly Timeline _timeline = new(DateTimeOffset.MinValue);

    [Fact]
    public void EachTurnIsWhereItWas()
    {
        Add(Turn("a", secondsAgo: 10, seconds: 2, waited: 1));
        var lane = Assert.Single(Look().Lanes);
        // 20 s are 1000 wide.
        Assert.Equal("M500 4h100v16h-100z", Path(lane, "ok"));
        Assert.Equal("M450 11h50v2h-50z", Path(lane, "wait"));
        Assert.Equal(1, lane.Turns);
        Assert.Equal(0.1, lane.Share, 0.005);
    }

    /// <summary>Two seconds after the page was opened, half of them is a half, and not a twentieth.</summary>
    [Fact]
    public void SharesAreOfTheTimeSeen()
    {
        var timeline = new Timeline(Now - TimeSpan.FromSeconds(2));
        timeline.Add([Turn("a", secondsAgo: 1.5, seconds: 1)], lost: 0, Now - TimeSpan.FromSeconds(1), Now);
        var view = timeline.Look(Now, null, []);
        Assert.Equal(TimeSpan.FromSeconds(2), view.Seen);
        var lane = Assert.Single(view.Lanes);
        Assert.Equal(0.5, lane.Share, 0.02);
        Assert.Equal("M0 0h900v24h-900z", Path(lane, "before"));

        var later = timeline.Look(Now + TimeSpan.FromSeconds(18), null, []);
        Assert.Equal(Timeline.Window, later.Seen);
        Assert.Equal(0.05, Assert.Single(later.Lanes).Share, 0.005);
        Assert.DoesNotContain(later.Lanes[0].Paths, path => path.Kind == "before");
    }

    /// <summary>Of a turn that was under way when the page was opened, the part before it says nothing of the others' share.</summary>
    [Fact]
    public void WhatWasBeforeThePageWasOpenedIsNoShare()
    {
        var timeline = new Timeline(Now - TimeSpan.FromSeconds(4));
        timeline.Add([Turn("a", secondsAgo: 8, seconds: 5)], lost: 0, Now - TimeSpan.FromSeconds(4), Now);
        Assert.Equal(0.25, Assert.Single(timeline.Look(Now, null, []).Lanes).Share, 0.02);

        var held = new Timeline(Now - TimeSpan.FromSeconds(4)).Look(Now, new ClientTime("b", "B", TimeSpan.FromMinutes(1)), []);
        Assert.Equal(1, Assert.Single(held.Lanes).Share);
        held = new Timeline(Now - TimeSpan.FromSeconds(4)).Look(Now, new ClientTime("b", "B", TimeSpan.FromSeconds(1)), []);
        Assert.Equal(0.25, Assert.Single(held.Lanes).Share, 0.02);
    }

    [Fact]
    public void OutcomesDifferInMoreThanTheirColour()
    {
        Add(Turn("a", 9, 1), Turn("a", 7, 1, outcome: Outcome.Timeout), Turn("a", 5, 1, outcome: Outcome.Failed), Turn("a", 3, 1, outcome: Outcome.Abandoned));
        Assert.Equal("failed ok other timeout", string.Join(' ', Assert.Single(Look().Lanes).Paths.Select(path => path.Kind).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void TheTurnInHandAndWaitsReachTheRightEdge()
    {
        var view = _timeline.Look(Now, new ClientTime("a", "A", TimeSpan.FromSeconds(5)), [new WaiterView("b", "B", Priority.Normal, TimeSpan.FromSeconds(4))]);
        Assert.Equal("M750 4h250v16h-250z", Path(view.Lanes[0], "now"));
        Assert.Equal("M800 11h200v2h-200z", Path(view.Lanes[1], "wait"));
        Assert.True(view.Lanes[0].HasTurn);
        Assert.True(view.Lanes[1].Waits);

        Assert.False(_timeline.Look(Now, null, []).Lanes[0].HasTurn);
    }

    [Fact]
    public void MoreClientsThanLanesShareOne()
    {
        Add([.. Enumerable.Range(0, 100).Select(i => Turn($"{i}", 1, 0.001))]);
        var view = Look();
        Assert.Equal(Timeline.MaxLanes + 1, view.Lanes.Count);
        Assert.Equal("other clients", view.Lanes[^1].Address);
        Assert.Equal(100 - Timeline.MaxLanes, view.Lanes[^1].Turns);
    }

    [Fact]
    public void ALaneThatRestsIsGivenToAnother()
    {
        Add([.. Enumerable.Range(0, Timeline.MaxLanes).Select(i => Turn($"{i}", 10, 0.001))]);
        Add(Turn("new", 1, 0.001));
        var view = Look();
        Assert.Equal(Timeline.MaxLanes, view.Lanes.Count);
        Assert.Contains(view.Lanes, lane => lane.Key == "new");
    }

    [Fact]
    public void AClientThatHasLongDoneNothingIsNotShown()
    {
        Add(Turn("a", 10, 1));
        Assert.Empty(_timeline.Look(Now + Timeline.Window, null, []).Lanes);
    }

    [Fact]
    public void ManyTurnsAreDrawnByColumns()
    {
        // Busy half of the time, 2,000 times a second, for 2 s.
        Add([.. Enumerable.Range(0, 4000).Select(i => Turn("a", 2 - i * 0.0005, 0.00025))]);
        var view = Look();
        var lane = Assert.Single(view.Lanes);
        Assert.False(view.IsSampled);
        Assert.Equal(4000, lane.Turns);
        Assert.Equal(0.05, lane.Share, 0.002);
        Assert.True(Path(lane, "ok").Length < 100, Path(lane, "ok"));
    }

    [Fact]
    public void LostTurnsAreEstimatedAndSaidToBe()
    {
        // 100 of 10,000 were kept, all from one moment; together they stand for the whole second, of which they took half.
        var kept = Enumerable.Range(0, 100).Select(i => Turn("a", 1, 0.00005)).ToList();
        _timeline.Add(kept, lost: 9900, Now - TimeSpan.FromSeconds(1), Now);
        var view = Look();
        Assert.True(view.IsSampled);
        Assert.Equal(0.5 / 20, Assert.Single(view.Lanes).Share, 0.005);
        Assert.Equal(10_000, view.Lanes[0].Turns);
        Assert.False(_timeline.Look(Now + Timeline.Window, null, []).IsSampled);
    }

    private static TurnEvent Turn(string id, double secondsAgo, double seconds, double waited = 0, Outcome outcome = Outcome.Ok)
    {
        var start = Now - TimeSpan.FromSeconds(secondsAgo);
        return new("R", id, null, start - TimeSpan.FromSeconds(waited), start, start + TimeSpan.FromSeconds(seconds), outcome, 1, 1);
    }

    private static string Path(LaneView lane, string kind) => Assert.Single(lane.Paths, path => path.Kind == kind).Data;

    private void Add(params TurnEvent[] turns) => _timeline.Add(turns, lost: 0, Now - TimeSpan.FromSeconds(1), Now);

    private TimelineView Look() => _timeline.Look(Now, null, []);
}
