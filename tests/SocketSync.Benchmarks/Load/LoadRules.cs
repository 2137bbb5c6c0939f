namespace SocketSync.Benchmarks;

/// <summary>What <c>load</c> accepts.</summary>
internal static class LoadRules
{
    public const int DefaultBytes = 64;
    private const int MostConnections = 60_000;
    private const int MostPipeline = 10_000;

    public static IEnumerable<string> Problems(
        int connections, int pipeline, int? bytes, double seconds, double warmup, double? rate, string? protocol, bool reconnect)
    {
        if (connections is < 1 or > MostConnections) yield return $"--connections {connections}: 1 to {MostConnections}.";
        if (pipeline is < 1 or > MostPipeline) yield return $"--pipeline {pipeline}: 1 to {MostPipeline}.";
        if (bytes is < RequestForms.LeastBytes or > RequestForms.MostBytes)
            yield return $"--bytes {bytes}: {RequestForms.LeastBytes} to {RequestForms.MostBytes}, for the numbers of asker and request must fit in.";
        if (bytes is not null && RequestForms.OnlyLength(protocol) is { } only) yield return $"--bytes: a {protocol} request of this client has always {only}.";
        if (!(seconds is > 0 and <= 86_400)) yield return $"--seconds {seconds}: more than 0, at most 86400.";
        if (!(warmup is >= 0 and <= 3_600)) yield return $"--warmup {warmup}: 0 to 3600.";
        if (rate is not null && !(rate is > 0 and <= 10_000_000)) yield return $"--rate {rate}: more than 0, at most 10000000.";
        if (reconnect && (pipeline != 1 || rate is not null)) yield return "--reconnect: only with --pipeline 1 and without --rate.";
        if (!OperatingSystem.IsLinux()) yield return "load runs on Linux only: it waits with epoll.";
    }
}
