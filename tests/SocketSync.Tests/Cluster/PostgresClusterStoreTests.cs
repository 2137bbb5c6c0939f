namespace SocketSync.Tests;

[Collection(nameof(TakesRealTime))]
public sealed class PostgresClusterStoreTests : ClusterStoreTests
{
    private PostgresServer Postgres => (PostgresServer)Server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected override async Task<StoreServer> StartServerAsync() => await PostgresServer.RunAsync();

    private protected override ClusterStore Create(string id, LeaseTimes times) => Create(Server.Configuration, id, times);

    [Fact]
    public async Task AUserWhoMayNotMakeTablesIsToldOfTheScriptAndUsesWhatItMakes()
    {
        // From version 15 on, nobody but the owner may make tables in the schema "public".
        await Postgres.ExecuteAsync("CREATE USER guest");
        await using var store = Create(Postgres.ConfigurationOf("guest"), "test", new(TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(500)));
        var error = await Assert.ThrowsAsync<ClusterStoreException>(() => store.OpenAsync(Token));
        Assert.Contains(PostgresClusterStore.ScriptPath, error.Message, StringComparison.Ordinal);

        var script = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(script, SourceFiles.Document(PostgresClusterStore.ScriptPath), Token);
            await Postgres.ExecuteFileAsync(script);
        }
        finally
        {
            File.Delete(script);
        }

        await Postgres.ExecuteAsync("GRANT SELECT, INSERT, UPDATE ON socketsync_lease, socketsync_secret, socketsync_node TO guest");
        await store.OpenAsync(Token);
        Assert.NotNull(await store.TryWriteAsync("R", new("a", "i", 1, IsReleased: false), expectedETag: null, Token));
        Assert.Equal(32, (await store.GetSecretAsync(Token)).Length);
        await store.AddKnownNodeAsync("a", Token);
        Assert.Equal(["a"], await store.GetKnownNodesAsync(Token), StringComparer.Ordinal);
    }

    private static PostgresClusterStore Create(string configuration, string id, LeaseTimes times) => new(configuration, id, times, LeaseTimers.Shared);
}
