using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync.Tests;

public sealed class PageWatchTests : IAsyncDisposable
{
    private readonly SyncHost _host = new();
    private readonly Topology _topology;
    private readonly PageWatch _watch;

    public PageWatchTests()
    {
        _topology = new Topology(
            new Dictionary<string, SharedResource>(StringComparer.Ordinal) { ["R"] = _host.Listener.Routes[0].Resource },
            new Dictionary<string, ListenerState>(StringComparer.Ordinal) { ["L"] = _host.Listener },
            ListenerBinder.Bind(new Dictionary<string, ListenerOptions>(StringComparer.Ordinal), "localhost"),
            new Dictionary<string, LocalResource>(StringComparer.Ordinal) { ["R"] = new(_host.Listener.Routes[0].Resource, new LineProtocol("\n"u8, 100), LocalEndPoint.AsClient()) });
        _watch = new PageWatch(_topology, new ClusterTurns(_host.Turns), _host.Time, new ServerStart(_host.Time), NullLogger<PageWatch>.Instance);
    }

    [Fact]
    public void ReadsTurnsForAsLongAsSomebodyLooks()
    {
        Assert.False(_host.Turns.HasReaders);
        var first = _watch.Show(_ => { });
        var second = _watch.Show(_ => { });
        Assert.Equal(1, _host.Turns.ReaderCount);
        first.Dispose();
        Assert.True(_host.Turns.HasReaders);
        second.Dispose();
        second.Dispose();
        Assert.False(_host.Turns.HasReaders);
    }

    [Fact]
    public async Task ShowsEverybodyTheSame()
    {
        var client = _host.Connect();
        var first = new ConcurrentQueue<PageSnapshot>();
        PageSnapshot? second = null;
        using var watching = _watch.Show(first.Enqueue);
        await SyncHost.Until(() => !first.IsEmpty, "something is shown at once");
        using var other = _watch.Show(snapshot => second = snapshot);
        other.Open(["R"]);
        await client.SendAsync("hello\n");
        await SyncHost.AdvanceUntil(_host.Time, TimeSpan.FromMilliseconds(50), () => IsServed(second), "the turn is shown");
        var seen = second!;
        Assert.Contains(first, snapshot => ReferenceEquals(snapshot, seen));
        var resource = seen.Resources["R"];
        Assert.Null(resource.Turn);
        Assert.NotNull(resource.Detail!.Turns.P50);
        Assert.Equal(1, seen.Clients.Total);

        static bool IsServed(PageSnapshot? snapshot) =>
            snapshot?.Resources["R"] is { State: "Idle", Rates.Completed: 1 } resource && resource.Detail?.Timeline.Lanes is [{ Turns: 1 }];
    }

    /// <summary>Sixty resources cost no sixty drawings: those of which a viewer wants details are drawn, and at once.</summary>
    [Fact]
    public async Task DrawsWhatSomebodyHasOpened()
    {
        var shown = new ConcurrentQueue<PageSnapshot>();
        using var watching = _watch.Show(shown.Enqueue);
        await SyncHost.Until(() => !shown.IsEmpty, "something is shown at once");
        var other = _watch.Show(_ => { });
        Assert.All(shown, snapshot => Assert.Null(snapshot.Resources["R"].Detail));

        other.Open(["r"]);
        var since = _host.Time.GetUtcNow();
        await SyncHost.AdvanceUntil(_host.Time, TimeSpan.FromMilliseconds(50), () => shown.Last().Resources["R"].Detail is not null, "details are shown");
        Assert.True(shown.First(snapshot => snapshot.Resources["R"].Detail is not null).At - since < TimeSpan.FromMilliseconds(300), "nobody waits for the next picture");

        other.Dispose();
        await SyncHost.AdvanceUntil(_host.Time, TimeSpan.FromMilliseconds(50), () => shown.Last().Resources["R"].Detail is null, "details are drawn no more");
    }

    [Fact]
    public async Task SaysForHowLongTheServerHasBeenThere()
    {
        _host.Time.Advance(TimeSpan.FromHours(30));
        PageSnapshot? shown = null;
        using var watching = _watch.Show(snapshot => shown = snapshot);
        await SyncHost.Until(() => shown is not null, "something is shown at once");
        Assert.Equal(TimeSpan.FromHours(30), shown!.Server.Uptime);
        Assert.Matches("^[0-9]+[.][0-9]+[.][0-9]+", shown.Server.Version);
    }

    [Fact]
    public async Task OneViewerThatFailsTakesNothingFromTheOthersAndFloodsNoLog()
    {
        var logs = new RecordingLogs();
        using var watch = new PageWatch(_topology, new ClusterTurns(_host.Turns), _host.Time, new ServerStart(_host.Time), new LoggerFactory([logs]).CreateLogger<PageWatch>());
        var failed = 0;
        var shown = 0;
        using var failing = watch.Show(_ =>
        {
            Interlocked.Increment(ref failed);
            throw new InvalidOperationException("this one fails");
        });
        using var watching = watch.Show(_ => Interlocked.Increment(ref shown));
        await SyncHost.AdvanceUntil(_host.Time, TimeSpan.FromMilliseconds(50), () => failed >= 10 && shown >= 10, "both are shown ten pictures");
        Assert.Single(logs.Of(LogLevel.Error));
    }

    [Fact]
    public async Task APictureThatCannotBeMadeIsOneThatIsMissing()
    {
        var failures = new ConcurrentQueue<Exception>();
        var calls = 0;
        var shown = 0;
        using var sampler = new PageSampler(
            _topology,
            new ClusterTurns(_host.Turns),
            _host.Time,
            new ServerStart(_host.Time),
            _ =>
            {
                if (Interlocked.Increment(ref calls) <= 3)
                    throw new InvalidOperationException("not yet");
                shown++;
            },
            failures.Enqueue);
        await SyncHost.AdvanceUntil(_host.Time, TimeSpan.FromMilliseconds(50), () => Volatile.Read(ref shown) >= 2, "it goes on");
        Assert.Equal(3, failures.Count);
    }

    [Fact]
    public async Task WhatTheJournalKnowsIsShownOfWhatIsOpened()
    {
        var day = new JournalDay(_host.Time);
        PageSnapshot? last = null;
        var name = Assert.Single(_topology.Resources).Key;
        day.Add(name, "somebody", isServed: true, _host.Time.GetUtcNow(), TimeSpan.FromSeconds(1), TimeSpan.Zero);
        using var watch = new PageWatch(_topology, new ClusterTurns(_host.Turns), _host.Time, new ServerStart(_host.Time), NullLogger<PageWatch>.Instance, day: day);
        using var watching = watch.Show(snapshot => last = snapshot);
        await SyncHost.AdvanceUntil(_host.Time, TimeSpan.FromMilliseconds(50), () => last is not null, "a picture");
        Assert.Null(last!.Resources[name].Detail);
        watch.Open(watching, [name]);
        await SyncHost.AdvanceUntil(_host.Time, TimeSpan.FromMilliseconds(50), () => last.Resources[name].Detail is not null, "it is opened");
        Assert.Equal("somebody", Assert.Single(last.Resources[name].Detail!.Day!.Clients).Address);
    }

    public async ValueTask DisposeAsync()
    {
        _watch.Dispose();
        await _topology.DisposeAsync();
        _host.Dispose();
    }
}
