using System.IO.Pipelines;

namespace SocketSync.Tests;

// Alone: what others allocate meanwhile would count.
[CollectionDefinition(nameof(EchoAllocationTests), DisableParallelization = true)]
[Collection(nameof(EchoAllocationTests))]
public class EchoAllocationTests
{
    private const int Requests = 100_000;

    [Theory]
    [InlineData(1, false)]
    [InlineData(16, false)]
    [InlineData(16, true)]
    public async Task ASteadyEchoAllocatesNothing(int pipelined, bool hasRules)
    {
        using var host = new SyncHost();
        if (hasRules) host.Access = [new AccessOptions { Commands = ["*RST"], Allow = false }, new AccessOptions { Commands = ["*"], Allow = true }];
        var client = host.Connect(PipeScheduler.Inline);
        var batch = new byte[64 * pipelined];
        for (var end = 64; end <= batch.Length; end += 64)
            batch[end - 1] = (byte)'\n';

        await EchoAsync(client, batch, Requests / pipelined); // warm: pools are filled, code is compiled
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await EchoAsync(client, batch, Requests / pipelined);
        var perRequest = (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / Requests;

        // A tenth of the smallest object: what the runtime itself does in the background.
        Assert.True(perRequest < 2.4, $"{perRequest:F1} bytes for each request");
        Assert.True(host.Listener.CountOf(Outcome.Ok) >= Requests);
    }

    private static async Task EchoAsync(InMemoryConnection client, byte[] batch, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await client.ToServer.WriteAsync(batch);
            ReadResult read;
            while ((read = await client.FromServer.ReadAsync()).Buffer.Length < batch.Length) // ReadAtLeastAsync would allocate
                client.FromServer.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            client.FromServer.AdvanceTo(read.Buffer.End);
        }
    }
}
