using System.Globalization;
using Npgsql;

namespace SocketSync;

/// <summary>The nodes' store in PostgreSQL: three tables, which are made at the first start where the user may.</summary>
/// <param name="connectionString">As Npgsql takes it.</param>
/// <param name="id">The cluster's name, with which all rows begin.</param>
/// <param name="times">How long a call may take.</param>
/// <param name="time">Measures that.</param>
internal sealed class PostgresClusterStore(string connectionString, string id, LeaseTimes times, TimeProvider time) : ClusterStore
{
    /// <summary>Where the tables are described, for users who may not make them.</summary>
    public const string ScriptPath = "docs/cluster/postgres.sql";

    // The first connection also learns what types there are, and compiles half of Npgsql.
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(5);

    private NpgsqlDataSource? _source;
    private volatile bool _isOpen;
    private volatile bool _hasNoTables; // any more: it was restored, perhaps

    private byte[]? _secret; // proposed again after a loss of data, so that the nodes that know it still understand each other

    public override async Task OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            _source ??= PostgresSettings.Connect(connectionString, times);
        }
        catch (ArgumentException error)
        {
            throw new ClusterStoreException($"the connection string of PostgreSQL: {LogLine(error.Message)}", error);
        }

        await new PostgresTables(this).EnsureAsync(cancellationToken);
        _isOpen = true;
        _hasNoTables = false;
    }

    public override async Task<StoredLease?> ReadAsync(string resource, CancellationToken cancellationToken)
    {
        if (_hasNoTables)
            await OpenAsync(cancellationToken);
        const string Sql = "SELECT node, instance, epoch, released, version FROM socketsync_lease WHERE id = $1 AND resource = $2";
        var rows = await QueryAsync(
            Sql,
            row => new StoredLease(new(row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetBoolean(3)), row.GetString(4)),
            cancellationToken, id, resource);
        return rows.Count == 0 ? null : rows[0];
    }

    public override async Task<string?> TryWriteAsync(string resource, LeaseRecord record, string? expectedETag, CancellationToken cancellationToken)
    {
        const string Insert = """
            INSERT INTO socketsync_lease (id, resource, node, instance, epoch, released, version)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """;
        const string Update = """
            UPDATE socketsync_lease SET node = $3, instance = $4, epoch = $5, released = $6, version = $7
            WHERE id = $1 AND resource = $2 AND version = $8
            """;
        var etag = NewETag();
        object[] values = [id, resource, record.Node, record.Instance, record.Epoch, record.IsReleased, etag];
        try
        {
            var rows = expectedETag is null
                ? await ExecuteAsync(Insert, cancellationToken, values)
                : await ExecuteAsync(Update, cancellationToken, [.. values, expectedETag]);
            return rows == 1 ? etag : null;
        }
        catch (ClusterStoreException error)
        {
            throw new ClusterStoreException(error.Message, error.InnerException) { AttemptedETag = etag };
        }
    }

    public override async Task<byte[]> GetSecretAsync(CancellationToken cancellationToken)
    {
        await ExecuteAsync("INSERT INTO socketsync_secret (id, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING", cancellationToken, id, _secret ?? NewSecret());
        var rows = await QueryAsync("SELECT secret FROM socketsync_secret WHERE id = $1", row => row.GetFieldValue<byte[]>(0), cancellationToken, id);
        return rows.Count == 1 ? _secret = rows[0] : throw new ClusterStoreException("the secret in PostgreSQL was deleted");
    }

    public override async Task<IReadOnlyCollection<string>> GetKnownNodesAsync(CancellationToken cancellationToken) =>
        await QueryAsync("SELECT node FROM socketsync_node WHERE id = $1", row => row.GetString(0), cancellationToken, id);

    public override Task AddKnownNodeAsync(string node, CancellationToken cancellationToken) =>
        ExecuteAsync("INSERT INTO socketsync_node (id, node) VALUES ($1, $2) ON CONFLICT DO NOTHING", cancellationToken, id, node);

    public override async ValueTask DisposeAsync()
    {
        if (_source is not null)
            await _source.DisposeAsync();
    }

    internal Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params object[] values) =>
        CallAsync(command => command.ExecuteNonQueryAsync(), sql, values, cancellationToken);

    internal Task<IReadOnlyList<T>> QueryAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object[] values) =>
        CallAsync(command => ReadAllAsync(command, read), sql, values, cancellationToken);

    private static async Task<IReadOnlyList<T>> ReadAllAsync<T>(NpgsqlCommand command, Func<NpgsqlDataReader, T> read)
    {
        List<T> rows = [];
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            rows.Add(read(reader));
        return rows;
    }

    private async Task<T> CallAsync<T>(Func<NpgsqlCommand, Task<T>> call, string sql, object[] values, CancellationToken cancellationToken)
    {
        if (_source is not { } source)
            throw new ClusterStoreException("PostgreSQL has not been connected to yet");
        // Not cancelled when the time is over, since that asks the server first: the command's own timeout ends it.
        var answer = CallAsync(source, call, sql, values);
        try
        {
            return await answer.WaitAsync(_isOpen ? times.StoreTimeout : OpenTimeout, time, cancellationToken);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException or InvalidOperationException)
        {
            _hasNoTables |= error is PostgresException { SqlState: PostgresErrorCodes.UndefinedTable };
            throw new ClusterStoreException(Message(error), error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ClusterStoreException("PostgreSQL has not answered in time", error);
        }
        finally
        {
            answer.Forget();
        }
    }

    private static async Task<T> CallAsync<T>(NpgsqlDataSource source, Func<NpgsqlCommand, Task<T>> call, string sql, object[] values)
    {
        await using var command = source.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        return await call(command);
    }

    private static string Message(Exception error) => error switch
    {
        PostgresException server => string.Create(CultureInfo.InvariantCulture, $"PostgreSQL answered: {LogLine(server.MessageText)} ({server.SqlState})"),
        _ when error is TimeoutException or { InnerException: TimeoutException } => "PostgreSQL has not answered in time",
        _ => $"no connection to PostgreSQL: {LogLine((error.InnerException ?? error).Message)}",
    };
}
