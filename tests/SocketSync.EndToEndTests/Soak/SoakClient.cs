using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>One who connects again and again to a resource that speaks lines, and behaves well or badly as chance has it.</summary>
internal sealed class SoakClient(SoakLedger ledger, SoakDoor door, string name, Random random)
{
    private const int TooLarge = 100_000;

    private static readonly Func<SoakClient, TestClient, Task>[] Behaviours =
    [
        (me, client) => me.AskAsync(client), (me, client) => me.AskAsync(client), (me, client) => me.AskAsync(client),
        (me, client) => me.PipelineAsync(client), (me, client) => me.LargeAsync(client), (me, client) => me.ByteByByteAsync(client),
        (me, client) => me.HalfAsync(client), (me, client) => me.VanishAsync(client), (me, client) => me.HalfCloseAsync(client),
        (me, client) => me.NeverReadAsync(client), (me, client) => me.OversizeAsync(client), (me, client) => me.GarbageAsync(client),
    ];

    /// <summary>Whether it also sends requests of many kilobytes.</summary>
    public bool AreLarge { get; init; } = true;

    /// <summary>How often a connection that did nothing wrong was closed.</summary>
    public int Surprises { get; private set; }

    public int Connections { get; private set; }

    public async Task RunAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            using var client = await door.ConnectAsync();
            if (client is null)
            {
                Surprises++;
                continue;
            }

            Connections++;
            try
            {
                await Behaviours[random.Next(Behaviours.Length)](this, client);
            }
            catch (Exception error) when (error is IOException or SocketException)
            {
                Surprises++;
            }
        }
    }

    private string Begin(string outcome = SoakLedger.Unknown, int padding = 0)
    {
        var id = $"{name}.{ledger.NextNumber()}{new string('-', padding)}";
        ledger.Begin(id, outcome);
        return id;
    }

    private async Task AskAsync(TestClient client)
    {
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            if (!await AskAsync(client, Begin())) return;
        }
    }

    private async Task<bool> AskAsync(TestClient client, string id)
    {
        var line = await client.AskAsync(id);
        if (line is null) Surprises++;
        ledger.ToldByLine(id, line);
        // One that is refused at once would ask by the ten thousand.
        if (line is not null && line.StartsWith("ERROR ", StringComparison.Ordinal)) await PauseAsync();
        return line is not null;
    }

    private async Task PipelineAsync(TestClient client)
    {
        var ids = Enumerable.Range(0, random.Next(2, 9)).Select(_ => Begin()).ToList();
        await client.SendAsync(string.Concat(ids.Select(id => id + "\n")));
        // In their order: each line has to be the reply to the next of them.
        foreach (var id in ids) ledger.ToldByLine(id, await client.ReadLineAsync());
        await PauseAsync();
    }

    private Task<bool> LargeAsync(TestClient client) => AskAsync(client, Begin(padding: AreLarge ? random.Next(10_000, 30_000) : 0));

    private async Task ByteByByteAsync(TestClient client)
    {
        var id = Begin(SoakLedger.Unfinished);
        foreach (var character in id) await client.SendAsync(character.ToString());
        ledger.Told(id, SoakLedger.Unknown);
        await client.SendAsync("\n");
        ledger.ToldByLine(id, await client.ReadLineAsync());
    }

    private async Task HalfAsync(TestClient client)
    {
        await client.SendAsync(Begin(SoakLedger.Unfinished));
        Leave(client);
    }

    private async Task VanishAsync(TestClient client)
    {
        await client.SendAsync(Begin() + "\n");
        if (random.Next(2) == 0) await PauseAsync();
        Leave(client);
    }

    private async Task HalfCloseAsync(TestClient client)
    {
        // TLS ends its stream by a word of its own; what the socket alone says there is a cut.
        if (door.Name == "tls")
        {
            await AskAsync(client);
            return;
        }

        var id = Begin();
        await client.SendAsync(id + "\n");
        client.HalfClose();
        ledger.ToldByLine(id, await client.ReadLineAsync());
    }

    private async Task NeverReadAsync(TestClient client)
    {
        await client.SendAsync(string.Concat(Enumerable.Range(0, 12).Select(_ => Begin() + "\n")));
        await PauseAsync();
        Leave(client);
    }

    private async Task OversizeAsync(TestClient client)
    {
        try
        {
            await client.SendAsync(Begin(SoakLedger.Unfinished, padding: TooLarge));
            await client.WaitForCloseAsync();
        }
        catch (IOException)
        {
            // Closed while it sent.
        }
    }

    private async Task GarbageAsync(TestClient client)
    {
        var bytes = new byte[random.Next(1, 400)];
        random.NextBytes(bytes);
        bytes.AsSpan().Replace((byte)'\n', (byte)0);
        await client.SendAsync(bytes);
        Leave(client);
    }

    private void Leave(TestClient client)
    {
        if (random.Next(2) == 0) client.Reset();
    }

    private Task PauseAsync() => Task.Delay(random.Next(1, 40));
}
