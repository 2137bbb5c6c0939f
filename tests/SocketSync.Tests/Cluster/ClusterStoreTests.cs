using System.Diagnostics;

namespace SocketSync.Tests;

/// <summary>Tests that judge by real time, which others must not take from them.</summary>
[CollectionDefinition(nameof(TakesRealTime), DisableParallelization = true)]
public sealed class TakesRealTime;

/// <summary>What every store of the nodes must do, shown with a real one.</summary>
public abstract class ClusterStoreTests : IAsyncLifetime
{
    private static readonly LeaseTimes Times = new(TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(500));

    private StoreServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await StartServerAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task WhoReadsSeesWhatWasWrittenLast()
    {
        await using var store = await OpenAsync();
        Assert.Null(await store.ReadAsync("R", Token));
        var first = await store.TryWriteAsync("R", Record("a", 1), expectedETag: null, Token);
        Assert.Equal(new(Record("a", 1), first!), await store.ReadAsync("R", Token));
        var second = await store.TryWriteAsync("R", Record("b", long.MaxValue) with { IsReleased = true }, first, Token);
        Assert.Equal(new(Record("b", long.MaxValue) with { IsReleased = true }, second!), await store.ReadAsync("R", Token));
        Assert.NotEqual(first, second, StringComparer.Ordinal);
        Assert.Equal(second, (await store.ReadAsync("r", Token))?.ETag); // nodes may write a name in different cases
        Assert.Null(await store.ReadAsync("S", Token));
    }

    [Fact]
    public async Task OnlyTheRecordThatWasSeenIsReplaced()
    {
        await using var store = await OpenAsync();
        var first = await store.TryWriteAsync("R", Record("a", 1), expectedETag: null, Token);
        Assert.NotNull(first);
        Assert.Null(await store.TryWriteAsync("R", Record("b", 2), expectedETag: null, Token));
        Assert.Null(await store.TryWriteAsync("S", Record("b", 2), first, Token));
        var second = await store.TryWriteAsync("R", Record("a", 1), first, Token);
        Assert.NotNull(second);
        Assert.Null(await store.TryWriteAsync("R", Record("b", 2), first, Token));
        Assert.Equal(new(Record("a", 1), second), await store.ReadAsync("R", Token));
    }

    [Fact]
    public async Task OneOfManyThatWriteAtOnceSucceeds()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenAsync();
        string? etag = null;
        for (var round = 0; round < 20; round++)
        {
            var writes = Enumerable.Range(0, 8)
                .Select(i => (i % 2 == 0 ? store : other).TryWriteAsync("R", Record($"n{i}", round), etag, Token)).ToList();
            var written = await Task.WhenAll(writes);
            etag = Assert.Single(written, w => w is not null);
            Assert.Equal($"n{Array.IndexOf(written, etag)}", (await other.ReadAsync("R", Token))!.Record.Node);
        }
    }

    [Fact]
    public async Task ClustersWithOtherNamesShareNothing()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenAsync("other");
        await store.TryWriteAsync("R", Record("a", 1), expectedETag: null, Token);
        await store.AddKnownNodeAsync("a", Token);
        Assert.Null(await other.ReadAsync("R", Token));
        Assert.Empty(await other.GetKnownNodesAsync(Token));
        Assert.NotEqual(await store.GetSecretAsync(Token), await other.GetSecretAsync(Token));
    }

    [Fact]
    public async Task AllNodesGetTheSameSecret()
    {
        await using var store = await OpenAsync();
        await using var other = await OpenAsync();
        var secrets = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? store : other).GetSecretAsync(Token)));
        Assert.All(secrets, secret => Assert.Equal(secrets[0], secret));
        Assert.Equal(32, secrets[0].Length);
    }

    [Fact]
    public async Task ANameThatANodeHasBorneIsKnown()
    {
        await using var store = await OpenAsync();
        foreach (var node in new[] { "a", "b", "a" }) await store.AddKnownNodeAsync(node, Token);
        Assert.Equal(["a", "b"], (await store.GetKnownNodesAsync(Token)).Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [Fact]
    public async Task NodesThatStartAtOnceAllOpenAnEmptyStore()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => OpenAsync()));
        foreach (var store in stores) await store.DisposeAsync();
    }

    [Fact]
    public async Task AStoreThatIsStoppedFailsInTimeAndIsFoundAgain()
    {
        await using var store = await OpenAsync();
        var etag = await store.TryWriteAsync("R", Record("a", 1), expectedETag: null, Token);
        await _server.StopAsync();
        for (var i = 0; i < 4; i++) await AssertFailsInTimeAsync(store);
        await _server.StartAsync();
        await AnswersAgainAsync(store);
        Assert.Equal(new(Record("a", 1), etag!), await store.ReadAsync("R", Token));
    }

    [Fact]
    public async Task AStoreThatHangsFailsInTimeAndIsFoundAgain()
    {
        await using var store = await OpenAsync();
        await store.TryWriteAsync("R", Record("a", 1), expectedETag: null, Token);
        _server.Pause();
        // Many at once, as the renewals of many resources.
        for (var i = 0; i < 4; i++) await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AssertFailsInTimeAsync(store)));
        _server.Resume();
        await AnswersAgainAsync(store);
        Assert.Equal(Record("a", 1), (await store.ReadAsync("R", Token))!.Record);
    }

    [Fact]
    public async Task AWriteOfUnknownOutcomeTellsItsVersion()
    {
        await using var store = await OpenAsync();
        await store.TryWriteAsync("R", Record("a", 1), expectedETag: null, Token);
        var etag = (await store.ReadAsync("R", Token))!.ETag;
        _server.Pause();
        var error = await Assert.ThrowsAsync<ClusterStoreException>(() => store.TryWriteAsync("R", Record("a", 2), etag, Token));
        _server.Resume();
        await AnswersAgainAsync(store);
        Assert.NotNull(error.AttemptedETag);
        var seen = (await store.ReadAsync("R", Token))!;
        Assert.Equal(seen.Record.Epoch == 2 ? error.AttemptedETag : etag, seen.ETag);
    }

    [Fact]
    public async Task ANodeMayStartBeforeItsStore()
    {
        await _server.StopAsync();
        await using var store = Create("test", Times);
        await Assert.ThrowsAsync<ClusterStoreException>(() => store.OpenAsync(Token));
        await AssertFailsInTimeAsync(store);
        await _server.StartAsync();
        await AnswersAgainAsync(store, () => store.OpenAsync(Token));
        Assert.NotNull(await store.TryWriteAsync("R", Record("a", 1), expectedETag: null, Token));
    }

    [Fact]
    public async Task AStoreThatLostItsDataIsUsedOn()
    {
        await using var store = await OpenAsync();
        var etag = await store.TryWriteAsync("R", Record("a", 1), expectedETag: null, Token);
        await _server.EmptyAsync();
        Assert.Null(await store.ReadAsync("R", Token));
        Assert.Null(await store.TryWriteAsync("R", Record("a", 1), etag, Token));
        Assert.NotNull(await store.TryWriteAsync("R", Record("a", 1), expectedETag: null, Token));
    }

    [Fact]
    public async Task WhatItSaysIsOneLine()
    {
        await using var store = await OpenAsync();
        await _server.StopAsync();
        var error = await Assert.ThrowsAsync<ClusterStoreException>(() => store.ReadAsync("R", Token));
        Assert.DoesNotContain('\n', error.Message);
        Assert.InRange(error.Message.Length, 10, 120);
    }

    private protected abstract Task<StoreServer> StartServerAsync();

    private protected abstract ClusterStore Create(string id, LeaseTimes times);

    private protected StoreServer Server => _server;

    private protected async Task<ClusterStore> OpenAsync(string id = "test")
    {
        var store = Create(id, Times);
        await store.OpenAsync(Token);
        return store;
    }

    private static LeaseRecord Record(string node, long epoch) => new(node, $"instance of {node}", epoch, IsReleased: false);

    private static async Task AssertFailsInTimeAsync(ClusterStore store)
    {
        var watch = Stopwatch.StartNew();
        await Assert.ThrowsAsync<ClusterStoreException>(() => store.ReadAsync("R", Token));
        Assert.True(watch.Elapsed < Times.StoreTimeout + TimeSpan.FromMilliseconds(500), $"took {watch.Elapsed}");
    }

    private static Task AnswersAgainAsync(ClusterStore store) => AnswersAgainAsync(store, () => store.ReadAsync("R", Token));

    private static async Task AnswersAgainAsync(ClusterStore store, Func<Task> ask)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await ask();
                TestContext.Current.TestOutputHelper?.WriteLine($"{store.GetType().Name} answers again after {watch.Elapsed}");
                return;
            }
            catch (ClusterStoreException error)
            {
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"does not answer again: {error.Message}");
                await Task.Delay(50, Token);
            }
        }
    }
}
