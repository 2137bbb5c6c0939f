using static Microsoft.Playwright.Assertions;

namespace SocketSync.EndToEndTests;

/// <summary>A server in which there is something of everything to see.</summary>
internal sealed class PageStage : IAsyncDisposable
{
    private readonly List<TestClient> _clients = [];

    private readonly TestFiles _files;

    private PageStage(ServerProcess server, TestFiles files) => (Server, _files) = (server, files);

    public ServerProcess Server { get; }

    public static async Task<PageStage> SetAsync()
    {
        var files = new TestFiles();
        var server = await ServerProcess.StartUnreadyTestHostAsync($$"""
            "Admin": { "Token": "correct-horse-battery" },
            "Journal": { "Path": "{{files["log.jsonl"]}}" },
            "Listeners": { "Bench": { "Port": 0 }, "Urgent": { "Port": 0, "Resource": "Bench", "Priority": "High" }, "Inverter": { "Port": 0 } },
            "Resources": {
              "Bench": { "Processor": "Scripted", "Protocol": { "Name": "Line" }, "Gate": { "TurnTimeout": "00:00:30" } },
              "Inverter": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Link": { "Tcp": { "Host": "127.0.0.1", "Port": 1 } } }
            }
            """);
        return new(server, files);
    }

    /// <summary>Lets clients take turns, and leaves one with the turn and others in line.</summary>
    public async Task PlayAsync(OperatorPage page)
    {
        for (var i = 0; i < 5; i++) _clients.Add(await Server.ConnectAsync(i == 4 ? "Urgent" : "Bench"));
        Server.Expect(Settings.Thrown);
        foreach (var client in _clients)
        {
            Assert.Equal("good", await client.AskAsync("good"));
            Assert.StartsWith("ERROR failed ", await client.AskAsync("throw"), StringComparison.Ordinal);
        }

        await _clients[0].SendAsync("hold key\n");
        await Server.WaitForStatusAsync(s => s.Resources["Bench"].Turn is not null);
        foreach (var client in _clients.Skip(1)) await client.SendAsync("waits\n");
        await Server.WaitForStatusAsync(s => s.Resources["Bench"].QueueLength == _clients.Count - 1);
        await page.Opener("Bench").ClickAsync();
        await Expect(page.Resource("Bench").Locator(".waiting li")).ToHaveCountAsync(_clients.Count - 1);
        await Expect(page.Resource("Bench").Locator(".lanes path.failed")).ToHaveCountAsync(_clients.Count);
        await Expect(page.Resource("Bench").Locator(".day")).ToContainTextAsync($"{2 * _clients.Count} requests");
        await Expect(page.Resource("Bench").Locator(".day tbody tr")).ToHaveCountAsync(1);
    }

    /// <summary>Many resources: some with a turn in hand and a line behind it, some without their device; and the given number of clients.</summary>
    public static async Task<PageStage> SetManyAsync(int resources, int clients)
    {
        var names = Enumerable.Range(1, resources).Select(i => $"Machine-{i:00}").ToList();
        var stage = new PageStage(await ServerProcess.StartUnreadyTestHostAsync($$"""
            "Listeners": { {{string.Join(", ", names.Select(name => $$""" "{{name}}": { "Port": 0 } """))}} },
            "Resources": { {{string.Join(", ", names.Select((name, i) => i % 7 == 3
                ? $$""" "{{name}}": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Link": { "Tcp": { "Host": "127.0.0.1", "Port": 1 } } } """
                : $$""" "{{name}}": { "Processor": "Scripted", "Protocol": { "Name": "Line" }, "Gate": { "TurnTimeout": "00:05:00" } } """))}} }
            """), new TestFiles());
        for (var i = 0; i < clients; i++)
            stage._clients.Add(await stage.Server.ConnectAsync(names[i % resources]));
        var busy = stage._clients.Select((client, i) => (client, i)).Where(at => at.i % resources % 7 is 0 or 5).ToList();
        foreach (var (client, i) in busy.Where(at => at.i < resources)) await client.SendAsync($"hold key{i}\n");
        await stage.Server.WaitForStatusAsync(s => busy.All(at => s.Resources[names[at.i % resources]].Turn is not null)); // before another is quicker
        foreach (var (client, _) in busy.Where(at => at.i >= resources)) await client.SendAsync("waits\n");
        await stage.Server.WaitForStatusAsync(s => s.Resources.Values.Sum(resource => resource.QueueLength) == busy.Count(at => at.i >= resources));
        return stage;
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await Server.DisposeAsync();
        _files.Dispose();
    }
}
