namespace SocketSync.Tests;

public sealed class LogThrottleTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly List<string> _told = [];
    private readonly LogThrottle<string> _throttle;

    public LogThrottleTests() => _throttle = new(
        _clock, first => _told.Add(first), (last, sum) => _told.Add($"{sum.Count} more {last} in {sum.Seconds} s"), fold: _ => "other");

    public void Dispose() => _throttle.Dispose();

    [Fact]
    public void TheFirstIsToldAtOnceAndTheRestIsSummedUp()
    {
        Add("a", 5);
        Assert.Equal(["a"], Told());

        Advance(9.999);
        Assert.Empty(Told());
        Advance(0.001);
        Assert.Equal(["4 more a in 10 s"], Told());

        Add("a", 3);
        Assert.Empty(Told()); // it is still going on
        Advance(10);
        Assert.Equal(["3 more a in 10 s"], Told());
    }

    [Fact]
    public void AKindThatHasCeasedIsForgotten()
    {
        Add("a", 2);
        Advance(10);
        Advance(10);
        Assert.Equal(["a", "1 more a in 10 s"], Told());
        var changes = _clock.Changes;
        Advance(1000);
        Assert.Equal(changes, _clock.Changes); // nothing is waited for any more

        Add("a");
        Assert.Equal(["a"], Told());
    }

    [Fact]
    public void EachKindHasItsOwnTime()
    {
        Add("a", 2);
        Advance(6);
        Add("b", 3);
        Assert.Equal(["a", "b"], Told());
        Advance(4);
        Assert.Equal(["1 more a in 10 s"], Told());
        Advance(6);
        Assert.Equal(["2 more b in 10 s"], Told());
        Advance(4); // none of a
        Add("a");
        Assert.Equal(["a"], Told());
    }

    [Fact]
    public void SoManyKindsAreToldApartAndNoMore()
    {
        for (var i = 0; i < 100_000; i++)
            Add($"address {i}");
        Assert.Equal(LogThrottle<string>.MaxKinds + 1, _told.Count);
        Assert.Equal("other", _told[^1]);

        _told.Clear();
        Advance(10);
        Assert.Equal([$"{100_000 - LogThrottle<string>.MaxKinds - 1} more other in 10 s"], Told());

        Add("address 5"); // the others have ceased, and there is room again
        Assert.Equal(["address 5"], Told());
    }

    [Fact]
    public void WhatIsLeftIsToldAtTheEndAndNothingAfterwards()
    {
        Add("a", 3);
        Advance(4);
        Add("b");
        _throttle.Dispose();
        Assert.Equal(["a", "b", "2 more a in 4 s"], Told());
        Add("a");
        Add("c");
        Advance(100);
        _throttle.Dispose();
        Assert.Empty(Told());
    }

    [Fact]
    public void ALogThatThrowsIsNobodysTrouble()
    {
        using var throttle = new LogThrottle<string>(
            _clock, _ => throw new InvalidOperationException("log"), (_, _) => throw new InvalidOperationException("log"), fold: text => text);
        throttle.Add("a");
        throttle.Add("a");
        Advance(10);
    }

    [Fact]
    public void CountingOneMoreAllocatesNothing()
    {
        Add("a");
        Assert.Equal(0, Allocations.Of(() => _throttle.Add("a")));
    }

    [Fact]
    public async Task NoneIsLostWhateverComesTogether()
    {
        const int Each = 50_000;
        var told = 0L;
        using (var throttle = new LogThrottle<int>(_clock, _ => Interlocked.Increment(ref told), (_, sum) => Interlocked.Add(ref told, sum.Count), fold: _ => -1))
        {
            var adding = Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
            {
                for (var i = 0; i < Each; i++)
                    throttle.Add(((i * 7) + thread) % 300);
            })).ToList();
            while (!adding.TrueForAll(task => task.IsCompleted))
                Advance(1);
            await Task.WhenAll(adding);
        }

        Assert.Equal(4 * Each, told);
    }

    private void Add(string kind, int times = 1)
    {
        for (var i = 0; i < times; i++)
            _throttle.Add(kind);
    }

    private void Advance(double seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));

    private string[] Told()
    {
        string[] told = [.. _told];
        _told.Clear();
        return told;
    }
}
