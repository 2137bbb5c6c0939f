using Npgsql;

namespace SocketSync;

/// <summary>What the connections to PostgreSQL need beside what the user has said: that no call waits for longer than it may.</summary>
internal static class PostgresSettings
{
    // A commit takes milliseconds, and a node's renewals are spread over a second.
    private const int MostConnections = 4;

    public static NpgsqlDataSource Connect(string connectionString, LeaseTimes times)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var seconds = Math.Max(1, (int)Math.Ceiling(times.StoreTimeout.TotalSeconds));
        settings.Timeout = seconds + 1;
        settings.CommandTimeout = seconds;
        settings.CancellationTimeout = -1; // a server that does not answer does not answer to this either: the connection is closed
        settings.KeepAlive = Math.Max(seconds, settings.KeepAlive);
        settings.ApplicationName ??= "SocketSync";
        if (settings.MaxPoolSize == new NpgsqlConnectionStringBuilder().MaxPoolSize)
            settings.MaxPoolSize = MostConnections;
        // A pooler between the two may refuse these.
        settings.Options ??= FormattableString.Invariant($"-c statement_timeout={times.StoreTimeout.TotalMilliseconds:0} -c synchronous_commit=on");
        if (settings.Host?.Contains(',', StringComparison.Ordinal) == true)
            settings.TargetSessionAttributes ??= "primary";
        return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }
}
