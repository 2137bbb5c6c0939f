using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace SocketSync.Benchmarks;

/// <summary>How long a server takes to be ready and how large it is then, beside an ASP.NET Core application that does nothing.</summary>
internal static class Start
{
    public static async IAsyncEnumerable<Finding> MeasureAsync(int rounds, string? assembly, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (ratios, own, empty, resident, emptyResident) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < rounds; i++)
        {
            await using (var server = await MeasuredServer.StartAsync(withHook: false, cancellationToken, assembly))
            {
                own.Add(Stopwatch.GetElapsedTime(server.StartedAt).TotalMilliseconds);
                resident.Add(server.Memory.Resident / 1024.0 / 1024.0);
            }

            await using (var server = await MeasuredServer.StartOwnAsync(FootprintHosts.Empty, cancellationToken))
            {
                empty.Add(Stopwatch.GetElapsedTime(server.StartedAt).TotalMilliseconds);
                emptyResident.Add(server.Memory.Resident / 1024.0 / 1024.0);
            }

            ratios.Add(own[^1] / empty[^1]);
        }

        yield return Finding.AtMost("Start to ready, of an empty application's", Middle(ratios), 1.2, " times");
        yield return Finding.Told("Start to ready", Middle(own), " ms");
        yield return Finding.Told("Start to ready, an empty application", Middle(empty), " ms");
        yield return Finding.AtMost("After start: resident memory, more than an empty application", Middle(resident) - Middle(emptyResident), 8, " MB");
        yield return Finding.Told("After start: resident memory, an empty application", Middle(emptyResident), " MB");
    }

    private static double Middle(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
