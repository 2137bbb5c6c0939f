namespace SocketSync.Tests;

[Collection(nameof(TakesRealTime))]
public sealed class RedisClusterStoreTests : ClusterStoreTests
{
    private protected override async Task<StoreServer> StartServerAsync() => await RedisServer.RunAsync();

    private protected override ClusterStore Create(string id, LeaseTimes times) => new RedisClusterStore(Server.Configuration, id, times, LeaseTimers.Shared);

    /// <summary>It may have gone back to what it knew before.</summary>
    [Fact]
    public async Task ARestartIsCounted()
    {
        await using var store = await OpenAsync();
        Assert.Equal(0, store.Interruptions);
        await Server.CrashAsync();
        await Server.StartAsync();
        await WaitUntilAsync(() => store.Interruptions > 0);
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        while (!condition()) await Task.Delay(20, TestContext.Current.CancellationToken);
    }
}
