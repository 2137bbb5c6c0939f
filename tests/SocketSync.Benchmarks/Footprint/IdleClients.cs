using System.Runtime.CompilerServices;

namespace SocketSync.Benchmarks;

/// <summary>What a client costs that has had one reply and stays connected.</summary>
internal static class IdleClients
{
    private const int AtOnce = 64;
    private const int WarmUp = 500;

    public static async IAsyncEnumerable<Finding> MeasureAsync(
        int connections, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var server = await MeasuredServer.StartAsync(withHook: true, cancellationToken);
        var port = await server.PortAsync("Default", cancellationToken);
        // What it takes to serve anybody at all, compiled code above all, is nobody's own.
        Close(await ConnectAsync(port, Math.Min(connections, WarmUp), cancellationToken));
        var (heap, memory) = (await server.HeapAsync(cancellationToken), server.Memory);

        var clients = await ConnectAsync(port, connections, cancellationToken);
        var (fullMemory, fullHeap) = (server.Memory, await server.HeapAsync(cancellationToken));
        var collected = server.Memory;
        Close(clients);

        yield return Finding.AtMost("An idle client: private memory, after a collection", Each(collected.Private - memory.Private), 6, " KB");
        yield return Finding.Told("An idle client: private memory, before it", Each(fullMemory.Private - memory.Private), " KB");
        yield return Finding.Told("An idle client: resident memory, after a collection", Each(collected.Resident - memory.Resident), " KB");
        yield return Finding.Told("An idle client: of the managed heap", Each(fullHeap.Alive - heap.Alive), " KB");

        double Each(long bytes) => bytes / 1024.0 / connections;
    }

    private static async Task<EchoClient[]> ConnectAsync(int port, int count, CancellationToken cancellationToken)
    {
        var clients = new EchoClient[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (i, cancelled) =>
        {
            clients[i] = await EchoClient.ConnectAsync(port, cancelled);
            await clients[i].AskAsync(cancelled);
        });
        return clients;
    }

    private static void Close(EchoClient[] clients)
    {
        foreach (var client in clients)
            client.Dispose();
    }
}
