using System.Runtime.CompilerServices;

namespace SocketSync.Benchmarks;

/// <summary>What a server allocates for a request once it has served some.</summary>
internal static class SteadyEcho
{
    private const int Clients = 16;

    public static async IAsyncEnumerable<Finding> MeasureAsync(int requests, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var server = await MeasuredServer.StartAsync(withHook: true, cancellationToken);
        var clients = new EchoClient[Clients];
        for (var i = 0; i < Clients; i++)
            clients[i] = await server.ConnectAsync(cancellationToken);

        // Until the code is compiled for good, its compiling allocates too.
        await AskAsync(clients, requests / 5, cancellationToken);
        var before = await server.HeapAsync(cancellationToken);
        await AskAsync(clients, requests, cancellationToken);
        var after = await server.HeapAsync(cancellationToken);
        foreach (var client in clients)
            client.Dispose();

        var allocated = after.Allocated - before.Allocated;
        // The smallest object has 24 bytes. Less than one for each request is the runtime's own, now and then.
        yield return Finding.AtMost("Steady echo: allocated for each request", (double)allocated / requests, 1, " bytes");
        yield return Finding.Told("Steady echo: allocated in all", allocated / 1024.0, " KB");
    }

    private static Task AskAsync(EchoClient[] clients, int requests, CancellationToken cancellationToken) =>
        Task.WhenAll(clients.Select(client => Task.Run(
            async () =>
            {
                for (var i = 0; i < requests / Clients; i++)
                    await client.AskAsync(cancellationToken);
            },
            cancellationToken)));
}
