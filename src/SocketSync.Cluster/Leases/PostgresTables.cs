using Npgsql;

namespace SocketSync;

/// <summary>Makes the tables, where they are missing and the user may.</summary>
internal sealed class PostgresTables(PostgresClusterStore store)
{
    // Any number that other programs do not lock in the same database.
    private const string Lock = "6017341170250431";

    /// <summary>The same statements as in <see cref="PostgresClusterStore.ScriptPath"/>.</summary>
    public static IReadOnlyList<string> Statements { get; } =
    [
        """
        CREATE TABLE IF NOT EXISTS socketsync_lease (
            id text NOT NULL,
            resource text NOT NULL,
            node text NOT NULL,
            instance text NOT NULL,
            epoch bigint NOT NULL,
            released boolean NOT NULL,
            version text NOT NULL,
            PRIMARY KEY (id, resource)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS socketsync_secret (
            id text PRIMARY KEY,
            secret bytea NOT NULL
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS socketsync_node (
            id text NOT NULL,
            node text NOT NULL,
            PRIMARY KEY (id, node)
        )
        """,
    ];

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        // IF NOT EXISTS alone would be refused to a user who may not make tables, even where they exist.
        if (await ExistAsync(cancellationToken))
            return;
        try
        {
            // One transaction. Nodes that start at once wait for each other: IF NOT EXISTS does not see what another one is making.
            await store.ExecuteAsync(string.Join(";\n", [$"SELECT pg_advisory_xact_lock({Lock})", .. Statements]), cancellationToken);
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
