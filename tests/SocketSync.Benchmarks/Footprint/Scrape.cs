using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace SocketSync.Benchmarks;

/// <summary>What turns lose while the metrics are read, again and again, by one who takes them in slowly.</summary>
internal static class Scrape
{
    public static async IAsyncEnumerable<Finding> MeasureAsync(
        int rounds, int probes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var server = await MeasuredServer.StartAsync(withHook: false, cancellationToken);
        using var client = await server.ConnectAsync(cancellationToken);
        await Latencies.OfAsync(probes, () => client.AskAsync(cancellationToken));

        var (alone, beside) = (new List<double>(), new List<double>());
        for (var i = 0; i < rounds; i++)
        {
            alone.Add((await Latencies.OfAsync(probes, () => client.AskAsync(cancellationToken))).P99);
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var reader = ReadAsync(server.HttpPort, enough.Token);
            beside.Add((await Latencies.OfAsync(probes, () => client.AskAsync(cancellationToken))).P99);
            await enough.CancelAsync();
            await reader;
        }

        yield return Finding.AtMost("A slow scrape: p99 of echo, longer by", Middle(beside) - Middle(alone), 1, " ms");
        yield return Finding.Told("Without it: p99 of echo", Middle(alone), " ms");
    }

    private static double Middle(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task ReadAsync(int port, CancellationToken cancellationToken)
    {
        var some = new byte[64];
        try
        {
            while (true)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 1024 };
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
                await socket.SendAsync("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8.ToArray(), cancellationToken);
                while (await socket.ReceiveAsync(some, cancellationToken) > 0)
                    await Task.Delay(1, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Enough was read.
        }
    }
}
