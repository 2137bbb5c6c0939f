using System.Globalization;
using StackExchange.Redis;

namespace SocketSync;

/// <summary>
/// The nodes' store in Redis. A record is a hash at <c>ID:lease:RESOURCE</c>; the swap is a script, which Redis runs without
/// interruption.
/// </summary>
/// <param name="configuration">The addresses and settings, as StackExchange.Redis takes them.</param>
/// <param name="id">The cluster's name, with which all keys begin.</param>
/// <param name="times">How long a call may take.</param>
/// <param name="time">Measures that.</param>
internal sealed class RedisClusterStore(string configuration, string id, LeaseTimes times, TimeProvider time) : ClusterStore
{
    private const string Swap = """
        local etag = redis.call('HGET', KEYS[1], 'etag')
        if (etag or '') ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'etag', ARGV[2], 'node', ARGV[3], 'instance', ARGV[4], 'epoch', ARGV[5], 'released', ARGV[6])
        return 1
        """;

    private readonly SemaphoreSlim _opening = new(1, 1);
    private ConnectionMultiplexer? _connection;
    private long _interruptions;
    private byte[]? _secret;

    public override long Interruptions => Interlocked.Read(ref _interruptions);

    public override async Task OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            _connection ??= await ConnectAsync();
        }
        finally
        {
            _opening.Release();
        }

        await CallAsync(database => database.PingAsync(), attempted: null, cancellationToken);
    }

    public override async Task<StoredLease?> ReadAsync(string resource, CancellationToken cancellationToken)
    {
        var fields = await CallAsync(database => database.HashGetAllAsync(LeaseKey(resource), CommandFlags.DemandMaster), attempted: null, cancellationToken);
        if (fields.Length == 0)
            return null;
        var values = fields.ToDictionary(field => field.Name.ToString(), field => field.Value.ToString(), StringComparer.Ordinal);
        if (!long.TryParse(values.GetValueOrDefault("epoch"), NumberStyles.None, CultureInfo.InvariantCulture, out var epoch))
            throw new ClusterStoreException($"{LeaseKey(resource)} in Redis is not a lease");
        var record = new LeaseRecord(values.GetValueOrDefault("node", ""), values.GetValueOrDefault("instance", ""), epoch, values.GetValueOrDefault("released") is "1");
        return new(record, values.GetValueOrDefault("etag", ""));
    }

    public override async Task<string?> TryWriteAsync(string resource, LeaseRecord record, string? expectedETag, CancellationToken cancellationToken)
    {
        var etag = NewETag();
        RedisKey[] keys = [LeaseKey(resource)];
        RedisValue[] values = [expectedETag ?? "", etag, record.Node, record.Instance, record.Epoch, record.IsReleased ? 1 : 0];
        var written = await CallAsync(database => database.ScriptEvaluateAsync(Swap, keys, values, CommandFlags.DemandMaster), etag, cancellationToken);
        return (int)written == 1 ? etag : null;
    }

    public override async Task<byte[]> GetSecretAsync(CancellationToken cancellationToken)
    {
        var key = $"{id}:secret";
        var proposal = _secret ?? NewSecret(); // after a loss of data, the nodes that know it still understand each other
        await CallAsync(database => database.StringSetAsync(key, proposal, when: When.NotExists), attempted: null, cancellationToken);
        return _secret = (byte[]?)await CallAsync(database => database.StringGetAsync(key, CommandFlags.DemandMaster), attempted: null, cancellationToken)
            ?? throw new ClusterStoreException($"{key} in Redis was deleted");
    }

    public override async Task<IReadOnlyCollection<string>> GetKnownNodesAsync(CancellationToken cancellationToken)
    {
        var nodes = await CallAsync(database => database.SetMembersAsync($"{id}:nodes", CommandFlags.DemandMaster), attempted: null, cancellationToken);
        return [.. nodes.Select(node => node.ToString())];
    }

    public override Task AddKnownNodeAsync(string node, CancellationToken cancellationToken) =>
        CallAsync(database => database.SetAddAsync($"{id}:nodes", node), attempted: null, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        _opening.Dispose();
    }

    private string LeaseKey(string resource) => $"{id}:lease:{KeyOf(resource)}";

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        var milliseconds = (int)times.StoreTimeout.TotalMilliseconds;
        try
        {
            var options = ConfigurationOptions.Parse(configuration);
            // It connects when it can, and fails at once until then, instead of keeping what would be out of date.
            options.AbortOnConnectFail = false;
            options.BacklogPolicy = BacklogPolicy.FailFast;
            options.ReconnectRetryPolicy = new LinearRetry(milliseconds);
            options.ConnectTimeout = milliseconds;
            options.AsyncTimeout = milliseconds;
            options.SyncTimeout = milliseconds;
            options.KeepAlive = 1;
            options.HeartbeatInterval = TimeSpan.FromMilliseconds(Math.Max(100, milliseconds / 4));
            options.ClientName ??= "SocketSync";
            var connection = await ConnectionMultiplexer.ConnectAsync(options);
            connection.ConnectionFailed += (_, _) => Interlocked.Increment(ref _interruptions);
            return connection;
        }
        catch (Exception error) when (error is RedisException or ArgumentException)
        {
            throw Failed(error, attempted: null);
        }
    }

    private async Task<T> CallAsync<T>(Func<IDatabase, Task<T>> call, string? attempted, CancellationToken cancellationToken)
    {
        if (_connection is not { } connection)
            throw new ClusterStoreException("Redis has not been connected to yet");
        Task<T>? answer = null;
        try
        {
            answer = call(connection.GetDatabase());
            return await answer.WaitAsync(times.StoreTimeout, time, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // Whatever it is: while it loses its connection, the library also throws what it does not document.
            throw Failed(error, attempted);
        }
        finally
        {
            answer?.Forget();
        }
    }

    // What the library says at length is for its makers.
    private static ClusterStoreException Failed(Exception error, string? attempted) =>
        new(
            error switch
            {
                RedisServerException server => $"Redis answered: {LogLine(server.Message)}",
                RedisConnectionException connection => $"no connection to Redis ({connection.FailureType})",
                TimeoutException or OperationCanceledException => "Redis has not answered in time",
                ObjectDisposedException => "the connection to Redis is closed",
                _ => LogLine(error.Message),
            },
            error)
        { AttemptedETag = attempted };
}
