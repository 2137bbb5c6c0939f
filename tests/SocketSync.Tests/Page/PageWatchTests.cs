using System.Collections.Concurrent;
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
            new Dictionary<string, SharedProcessor>(StringComparer.Ordinal) { ["R"] = _host.Listener.Resource },
            new Dictionary<string, ListenerState>(StringComparer.Ordinal) { ["L"] = _host.Listener },
            ListenerBinder.Bind(new Dictionary<string, ListenerOptions>(StringComparer.Ordinal), "localhost"));
        _watch = new PageWatch(_topology, _host.Turns, _host.Time, NullLogger<PageWatch>.Instance);
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
        await client.SendAsync("hello\n");
        await SyncHost.Until(() => IsServed(second), "the turn is shown");
        var seen = second!;
        Assert.Contains(first, snapshot => ReferenceEquals(snapshot, seen));
        var resource = seen.Resources["R"];
        Assert.Null(resource.Turn);
        Assert.NotNull(resource.Turns.P50);
        Assert.Equal(1, seen.Clients.Total);

        bool IsServed(PageSnapshot? snapshot)
        {
            _host.Time.Advance(TimeSpan.FromMilliseconds(50));
            return snapshot?.Resources["R"] is { State: "Idle", Rates.Completed: 1 } resource && resource.Timeline.Lanes is [{ Turns: 1 }];
        }
    }

    public async ValueTask DisposeAsync()
    {
        _watch.Dispose();
        await _topology.DisposeAsync();
        _host.Dispose();
    }
}
