using System.Runtime.CompilerServices;
using System.Text.Json;

namespace SocketSync.Benchmarks;

/// <summary>How soon a host answers while one processor of its user's sleeps on its thread and another spins a core.</summary>
internal static class Blocked
{
    public static async IAsyncEnumerable<Finding> MeasureAsync(int probes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var server = await MeasuredServer.StartOwnAsync(FootprintHosts.Blocked, cancellationToken);
        using var echo = await server.ConnectAsync(cancellationToken);
        var live = new Uri("/health/live", UriKind.Relative);

        await Latencies.OfAsync(probes, AskLiveAsync);
        await Latencies.OfAsync(probes, () => echo.AskAsync(cancellationToken));
        var (liveAlone, echoAlone) = (await Latencies.OfAsync(probes, AskLiveAsync), await Latencies.OfAsync(probes, () => echo.AskAsync(cancellationToken)));

        using var sleeping = await server.ConnectAsync(cancellationToken, nameof(FootprintHosts.Sleeping));
        using var spinning = await server.ConnectAsync(cancellationToken, nameof(FootprintHosts.Spinning));
        using var never = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] unanswered = [sleeping.AskAsync(never.Token), spinning.AskAsync(never.Token)];
        while (await HeldAsync(server, cancellationToken) < unanswered.Length)
            await Task.Delay(10, cancellationToken);

        var (liveBeside, echoBeside) = (await Latencies.OfAsync(probes, AskLiveAsync), await Latencies.OfAsync(probes, () => echo.AskAsync(cancellationToken)));
        yield return Finding.AtMost("Live while one processor sleeps and one spins: longest", liveBeside.Longest, 50, " ms");
        yield return Finding.Told("Live while one processor sleeps and one spins: p99", liveBeside.P99, " ms");
        yield return Finding.Told("Live without them: p99", liveAlone.P99, " ms");
        yield return Finding.Told("Echo while one processor sleeps and one spins: p99", echoBeside.P99, " ms");
        yield return Finding.Told("Echo without them: p99", echoAlone.P99, " ms");

        await never.CancelAsync();
        await Task.WhenAll(unanswered).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

        async Task AskLiveAsync()
        {
            using var answer = await server.Http.GetAsync(live, cancellationToken);
            answer.EnsureSuccessStatusCode();
        }
    }

    private static async Task<int> HeldAsync(MeasuredServer server, CancellationToken cancellationToken)
    {
        using var status = await server.StatusAsync(cancellationToken);
        return status.RootElement.GetProperty("resources").EnumerateObject()
            .Count(resource => resource.Value.GetProperty("turn").ValueKind != JsonValueKind.Null);
    }
}
