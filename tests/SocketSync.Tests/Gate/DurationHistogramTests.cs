using System.Diagnostics.Metrics;

namespace SocketSync.Tests;

public sealed class DurationHistogramTests : IDisposable
{
    private static readonly TimeSpan FirstBound = TimeSpan.FromMicroseconds(100);

    private readonly Meter _meter = new("DurationHistogramTests");
    private readonly MeterListener _listener = new();
    private readonly List<double> _recorded = [];
    private readonly DurationHistogram _histogram;

    public DurationHistogramTests()
    {
        var instrument = _meter.CreateHistogram<double>("h");
        _histogram = new DurationHistogram(instrument, FirstBound, "R");
        _listener.EnableMeasurementEvents(instrument);
        _listener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
        {
            Assert.Equal("R", Assert.Single(tags.ToArray()).Value);
            _recorded.Add(value);
        });
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void WhatIsLongerThanTheFirstBucketIsRecordedAtOnce()
    {
        Assert.True(_histogram.Record(FirstBound + TimeSpan.FromTicks(1)));
        Assert.Equal([0.0001001], _recorded);
    }

    [Fact]
    public void WhatIsWithinItIsRecordedWhenFlushedInTheSameBucketAndWithTheSameSum()
    {
        Assert.False(_histogram.Record(TimeSpan.Zero));
        Assert.False(_histogram.Record(FirstBound));
        Assert.False(_histogram.Record(TimeSpan.FromMicroseconds(2)));
        Assert.Empty(_recorded);

        _histogram.Flush();

        Assert.Equal(3, _recorded.Count);
        Assert.All(_recorded, value => Assert.InRange(value, 0, FirstBound.TotalSeconds));
        Assert.Equal(0.000102, _recorded.Sum(), 12);
        _histogram.Flush();
        Assert.Equal(3, _recorded.Count);
    }

    [Fact]
    public void NothingIsLostOrDoubledWhileItIsFlushed()
    {
        const int Records = 300_000;
        var isDone = false;
        var flushing = new Thread(() =>
        {
            while (!Volatile.Read(ref isDone))
                _histogram.Flush();
        });
        flushing.Start();

        for (var i = 0; i < Records; i++)
            _histogram.Record(TimeSpan.FromMicroseconds(i % 50));
        Volatile.Write(ref isDone, true);
        Assert.True(flushing.Join(TimeSpan.FromSeconds(30)));
        _histogram.Flush();

        Assert.Equal(Records, _recorded.Count);
        Assert.Equal(Records / 50 * 1225 * 1e-6, _recorded.Sum(), 6);
    }

    [Fact]
    public void AListenerThatThrowsCostsNothingElse()
    {
        _listener.SetMeasurementEventCallback<double>((_, _, _, _) => throw new InvalidOperationException());

        _histogram.Record(TimeSpan.Zero);
        _histogram.Flush();
        Assert.True(_histogram.Record(TimeSpan.FromSeconds(1)));
    }
}
