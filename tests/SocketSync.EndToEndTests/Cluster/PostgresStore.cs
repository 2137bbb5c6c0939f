namespace SocketSync.EndToEndTests;

internal static class PostgresStore
{
    public static Task<ClusterStore> StartAsync() => throw new NotSupportedException();
}
