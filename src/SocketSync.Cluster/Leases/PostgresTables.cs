using Npgsql;

namespace SocketSync;

/// <summary>Makes the tables, where they are missing and the user may.</summary>
internal sealed class PostgresTables(PostgresClusterStore store)
{
    // Any number that other programs do not lock in the same database.
    private const string Lock = "6017341170250431";

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        // IF NOT EXISTS alone would be refused to a user who may not make tables, even where they exist.
        if (await ExistAsync(cancellationToken))
            return;
        try
        {
            // One transaction. Nodes that start at once wait for each other: IF NOT EXISTS does not see what another one is making.
            await store.ExecuteAsync($"SELECT pg_advisory_xact_lock({Lock});\n{PostgresScript.Read(PostgresClusterStore.ScriptPath)}", cancellationToken);
        }
        catch (ClusterStoreException error) when (error.InnerException is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege })
        {
            throw new ClusterStoreException($"the tables are missing in PostgreSQL, and this user may not make them: run {PostgresClusterStore.ScriptPath} as one who may", error);
        }
    }

    private async Task<bool> ExistAsync(CancellationToken cancellationToken) =>
        (await store.QueryAsync(
            "SELECT count(*) FROM unnest(ARRAY['socketsync_lease', 'socketsync_secret', 'socketsync_node']) AS name WHERE to_regclass(name) IS NULL",
            row => row.GetInt64(0), cancellationToken))[0] == 0;
}
