using static Microsoft.Playwright.Assertions;

namespace SocketSync.EndToEndTests;

/// <summary>A server in which there is something of everything to see.</summary>
internal sealed class PageStage : IAsyncDisposable
{
    private readonly List<TestClient> _clients = [];

    private PageStage(ServerProcess server) => Server = server;

    public ServerProcess Server { get; }

    public static async Task<PageStage> SetAsync()
    {
        var server = await ServerProcess.StartUnreadyTestHostAsync("""
            "Admin": { "Token": "correct-horse-battery" },
            "Listeners": { "Bench": { "Port": 0 }, "Urgent": { "Port": 0, "Resource": "Bench", "Priority": "High" }, "Inverter": { "Port": 0 } },
            "Resources": {
              "Bench": { "Processor": "Scripted", "Protocol": { "Name": "Line" }, "Gate": { "TurnTimeout": "00:00:30" } },
              "Inverter": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Link": { "Tcp": { "Host": "127.0.0.1", "Port": 1 } } }
            }
            """);
        return new(server);
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
        await Expect(page.Resource("Bench").Locator(".waiting li")).ToHaveCountAsync(_clients.Count - 1);
        await Expect(page.Resource("Bench").Locator(".lanes path.failed")).ToHaveCountAsync(_clients.Count);
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await Server.DisposeAsync();
    }
}
