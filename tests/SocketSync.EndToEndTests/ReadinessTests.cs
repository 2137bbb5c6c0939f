using System.Net;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>What readiness says of the whole, and of one resource.</summary>
public sealed class ReadinessTests
{
    [Fact]
    public async Task AResourceThatIsNotRequiredDegradesAndARequiredOneFails()
    {
        var dead = FreePort.Next();
        await using var server = await ServerProcess.StartUnreadyTestHostAsync(Two(dead, required: true));
        await server.WaitForStatusAsync(s => s.Resources["Inverter"].State == "Unavailable");
        Assert.Equal((503, "Unhealthy", "Inverter", "Unhealthy"), await AskAsync(server, "/Inverter"));
        Assert.Equal((200, "Healthy", "Bench", "Healthy"), await AskAsync(server, "/bench"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await server.ReadinessAsync());

        server.ChangeFile(Two(dead, required: false));
        await server.WaitForReadinessAsync(HttpStatusCode.OK);
        Assert.Equal((200, "Degraded", "Inverter", "Degraded"), await AskAsync(server, "/INVERTER"));
        Assert.Equal((200, "Degraded", "Inverter", "Degraded"), await AskAsync(server, ""));

        server.ChangeFile(Two(dead, required: true));
        await server.WaitForReadinessAsync(HttpStatusCode.ServiceUnavailable);
        Assert.DoesNotContain("restart", server.Process.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 503, "Unhealthy")]
    [InlineData(false, 200, "Degraded")]
    public async Task AStuckTurnCountsAsMuchAsItsResource(bool required, int status, string word)
    {
        await using var server = await ServerProcess.StartTestHostAsync($$"""
            "Listeners": { "Bench": { "Port": 0 }, "Other": { "Port": 0 } },
            "Resources": {
              "Bench": { "Processor": "Scripted", "Protocol": { "Name": "Line" }, "Required": {{(required ? "true" : "false")}}, "Gate": { "TurnTimeout": "00:00:00.100" } },
              "Other": { "Protocol": { "Name": "Line" } }
            }
            """);
        using var client = await server.ConnectAsync("Bench");
        Assert.StartsWith("ERROR timeout ", await client.AskAsync("ignore key"), StringComparison.Ordinal);
        await server.WaitForStatusAsync(s => s.Resources["Bench"].State == "Stuck");
        Assert.Equal((status, word, "Bench", word), await AskAsync(server, "/Bench"));
        Assert.Equal((200, "Healthy", "Other", "Healthy"), await AskAsync(server, "/Other"));
        Assert.Equal(status, (int)await server.ReadinessAsync());
        await server.ReleaseAsync("key");
        await server.WaitForReadinessAsync(HttpStatusCode.OK);
    }

    [Fact]
    public async Task OneResourceIsAskedByItsName()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted().Replace("\"Processor\"", "\"Required\": false, \"Processor\"", StringComparison.Ordinal));
        Assert.Equal((200, "Healthy", "Default", "Healthy"), await AskAsync(server, "/default"));
        foreach (var unknown in new[] { "/nobody", "/nobody%2fdefault" })
        {
            using var answer = await server.Http.GetAsync(new Uri($"/health/ready{unknown}", UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        using var head = new HttpRequestMessage(HttpMethod.Head, new Uri("/health/ready/default", UriKind.Relative));
        using (var answer = await server.Http.SendAsync(head, TestContext.Current.CancellationToken)) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using (var answer = await server.Http.PostAsync(new Uri("/health/ready/default", UriKind.Relative), content: null, TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);

        // A server that stops takes no clients, whatever they need.
        using var client = await server.ConnectAsync();
        await client.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        server.Process.Terminate();
        await server.WaitForReadinessAsync(HttpStatusCode.ServiceUnavailable);
        Assert.Equal((503, "Unhealthy", "Default", "Unhealthy"), await AskAsync(server, "/Default"));
        await server.ReleaseAsync("key");
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(5)));
    }

    private static string Two(int dead, bool required) => $$"""
        "Listeners": { "Bench": { "Port": 0 }, "Inverter": { "Port": 0 } },
        "Resources": {
          "Bench": { "Protocol": { "Name": "Line" } },
          "Inverter": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Required": {{(required ? "true" : "false")}}, "Link": { "Tcp": { "Host": "127.0.0.1", "Port": {{dead}} } } }
        }
        """;

    /// <summary>The answer's code and word, and the word of its last resource in the order of the alphabet.</summary>
    private static async Task<(int Status, string Word, string Resource, string ResourceWord)> AskAsync(ServerProcess server, string path)
    {
        using var answer = await server.Http.GetAsync(new Uri($"/health/ready{path}", UriKind.Relative), TestContext.Current.CancellationToken);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var last = body.RootElement.GetProperty("resources").EnumerateObject().OrderBy(r => r.Name, StringComparer.Ordinal).Last();
        return ((int)answer.StatusCode, body.RootElement.GetProperty("status").GetString()!, last.Name, last.Value.GetProperty("status").GetString()!);
    }
}
