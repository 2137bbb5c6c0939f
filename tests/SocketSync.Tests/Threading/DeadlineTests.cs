using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public sealed class DeadlineTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly Deadline _deadline;
    private int _calls;

    public DeadlineTests() => _deadline = new Deadline(_time, () => Interlocked.Increment(ref _calls));

    public void Dispose() => _deadline.Dispose();

    [Fact]
    public void CallsOnceAndNotEarly()
    {
        _deadline.Set(Limit);
        _time.Advance(Limit - Moment);
        Assert.Equal((false, 0), (_deadline.Passed, _calls));
        _time.Advance(Moment);
        Assert.Equal((true, 1), (_deadline.Passed, _calls));
        _time.Advance(Limit * 5);
        Assert.Equal((true, 1), (_deadline.Passed, _calls));
    }

    [Fact]
    public void SetAgainAndAgainItNeverPasses()
    {
        for (var i = 0; i < 50; i++)
        {
            _deadline.Set(Limit);
            _time.Advance(Limit - Moment);
        }

        Assert.Equal((false, 0), (_deadline.Passed, _calls));
        _time.Advance(Moment);
        Assert.Equal((true, 1), (_deadline.Passed, _calls));
    }

    [Fact]
    public void ASoonerTimeCounts()
    {
        _deadline.Set(Limit);
        _deadline.Set(Moment);
        _time.Advance(Moment);
        Assert.Equal((true, 1), (_deadline.Passed, _calls));
        _time.Advance(Limit);
        Assert.Equal(1, _calls);
    }

    [Fact]
    public void ClearedItCallsNobody()
    {
        _deadline.Set(Limit);
        _deadline.Clear();
        _time.Advance(Limit * 2);
        Assert.Equal((false, 0), (_deadline.Passed, _calls));
    }

    [Fact]
    public void WhatHasPassedIsForgottenWithTheNext()
    {
        _deadline.Set(Limit);
        _time.Advance(Limit);
        _deadline.Set(Limit);
        Assert.False(_deadline.Passed);
        _time.Advance(Limit);
        Assert.Equal((true, 2), (_deadline.Passed, _calls));
        _deadline.Clear();
        Assert.False(_deadline.Passed);
    }

    [Fact]
    public void SettingItForEachRequestCostsHardlyAnyTimerOperation()
    {
        var clock = new ManualClock();
        using var deadline = new Deadline(clock, () => { });
        for (var request = 0; request < 1_000; request++)
        {
            deadline.Set(Limit);
            clock.Advance(Moment * 10); // ten seconds in all
            deadline.Clear();
        }

        Assert.InRange(clock.Changes, 1, 2);
    }

    [Fact]
    public void DisposedOfItCallsNobody()
    {
        _deadline.Set(Limit);
        _deadline.Dispose();
        _time.Advance(Limit);
        Assert.Equal(0, _calls);
    }
}

[Collection(Alone.Name)]
public class DeadlineRaceTests
{
    [Fact]
    public void ClearingAgainstThePassing()
    {
        var clock = new ManualClock();
        var calls = 0;
        int called = 0, cleared = 0;
        using var deadline = new Deadline(clock, () => calls++);
        Race.Run(
            Race.Rounds / 4,
            () =>
            {
                calls = 0;
                deadline.Set(TimeSpan.FromMilliseconds(1));
            },
            () =>
            {
                if (calls > 1 || deadline.Passed)
                    Assert.Fail($"called {calls} times, passed: {deadline.Passed}");
                if (calls == 1)
                    called++;
                else
                    cleared++;
            },
            () => deadline.Clear(),
            () => clock.Advance(TimeSpan.FromMilliseconds(1)));
        Assert.True(called > 0 && cleared > 0, $"this race was none: {called} to {cleared}");
    }

    [Fact]
    public void SettingAnewAgainstThePassing()
    {
        var clock = new ManualClock();
        var calls = 0;
        int called = 0, saved = 0;
        using var deadline = new Deadline(clock, () => calls++);
        Race.Run(
            Race.Rounds / 4,
            () =>
            {
                calls = 0;
                deadline.Set(TimeSpan.FromMilliseconds(1));
            },
            () =>
            {
                // The new time is always kept, whether the old one was noticed or not.
                if (deadline.Passed || calls > 1)
                    Assert.Fail($"called {calls} times, passed: {deadline.Passed}");
                if (calls == 1)
                    called++;
                else
                    saved++;
                clock.Advance(TimeSpan.FromMilliseconds(1));
                clock.Advance(TimeSpan.FromMilliseconds(1));
                if (!deadline.Passed)
                    Assert.Fail("the new time was lost");
            },
            () => deadline.Set(TimeSpan.FromMilliseconds(2)),
            () => clock.Advance(TimeSpan.FromMilliseconds(1)));
        Assert.True(called > 0 && saved > 0, $"this race was none: {called} to {saved}");
    }
}
