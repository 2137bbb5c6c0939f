using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using StackExchange.Redis;

namespace SocketSync;

/// <summary>The table of the members of the cluster, in the store.</summary>
internal static class Membership
{
    private static readonly TimeSpan StoreTime = TimeSpan.FromSeconds(2);

    /// <summary>Lets a silo use the table.</summary>
    public static void Use(ISiloBuilder silo, ClusterStoreOptions store)
    {
        if (store.Redis is { } redis)
            silo.UseRedisClustering(options => options.ConfigurationOptions = Configure(redis));
        else
            silo.UseAdoNetClustering((AdoNetClusteringSiloOptions options) => (options.Invariant, options.ConnectionString) = ("Npgsql", store.Postgres!));
    }

    /// <summary>An operation fails soon while the server is away, and the connection comes back with it.</summary>
    private static ConfigurationOptions Configure(string redis)
    {
        var options = ConfigurationOptions.Parse(redis);
        options.AbortOnConnectFail = true;
        options.ConnectRetry = 1;
        options.ConnectTimeout = options.AsyncTimeout = options.SyncTimeout = (int)StoreTime.TotalMilliseconds;
        options.ReconnectRetryPolicy = new LinearRetry(500);
        options.BacklogPolicy = BacklogPolicy.FailFast;
        return options;
    }
}
