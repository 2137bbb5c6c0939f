using Npgsql;

namespace SocketSync;

/// <summary>Makes the tables of Orleans' membership in PostgreSQL, where they are missing and the user may.</summary>
internal static class PostgresMembership
{
    /// <summary>The script that makes them.</summary>
    public const string ScriptPath = "docs/cluster/orleans-postgres.sql";

    /// <exception cref="ClusterStoreException">The tables are missing, and cannot be made.</exception>
    public static async Task EnsureAsync(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            await using var source = NpgsqlDataSource.Create(connectionString);
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            if (!await ExistAsync(connection, cancellationToken))
                await MakeAsync(connection, cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new ClusterStoreException($"the tables are missing in PostgreSQL, and this user may not make them: run {ScriptPath} as one who may", exception);
        }
        catch (NpgsqlException exception)
        {
            throw new ClusterStoreException(exception.Message, exception);
        }
    }

    // The queries come last in the script, and in one statement.
    private static async Task<bool> ExistAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var table = new NpgsqlCommand("SELECT to_regclass('OrleansQuery') IS NOT NULL", connection);
        if (await table.ExecuteScalarAsync(cancellationToken) is not true)
            return false;
        await using var query = new NpgsqlCommand("SELECT EXISTS (SELECT 1 FROM OrleansQuery WHERE QueryKey = 'CleanupDefunctSiloEntryKey')", connection);
        return await query.ExecuteScalarAsync(cancellationToken) is true;
    }

    private static async Task MakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // One node at a time: of two that make a table at once, one would fail, also with IF NOT EXISTS.
        await using var @lock = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtext('SocketSync.orleans-postgres.sql'))", connection, transaction);
        await @lock.ExecuteNonQueryAsync(cancellationToken);
        await using var script = new NpgsqlCommand(PostgresScript.Read(ScriptPath), connection, transaction);
        await script.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
