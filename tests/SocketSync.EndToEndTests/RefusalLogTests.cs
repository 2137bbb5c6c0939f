using System.Globalization;
using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>What is refused is told: the first at once, and further ones in one line that says how many.</summary>
public sealed partial class RefusalLogTests
{
    [Fact]
    public async Task AHundredThousandRefusedRequestsAreFewLinesThatAddUp()
    {
        const int Clients = 4;
        const int Each = 25_000;
        await using var server = await ServerProcess.StartUnreadyAsync($$"""
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": {
              "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { "Tcp": { "Host": "127.0.0.1", "Port": {{FreePort.Next()}} } } } }
            """);
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
        {
            using var client = await server.ConnectAsync();
            var sending = client.SendAsync(string.Concat(Enumerable.Repeat("x\n", Each)));
            for (var i = 0; i < Each; i++) Assert.StartsWith("ERROR unavailable ", await client.ReadLineAsync(), StringComparison.Ordinal);
            await sending;
        }));
        await server.WaitForLogAsync("[WRN] Resource Default: a request from 127.0.0.1 ended as unavailable");
        await EndAsync(server);

        Assert.Equal(Clients * Each, Told(server, "from 127.0.0.1 ended as unavailable"));
        Assert.InRange(server.Process.Output.Count, 1, 30);
    }

    [Fact]
    public async Task RefusedConnectionsAreToldByListenerAndReason()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": {
              "Default": { "Port": 0, "MaxConnections": 1 },
              "Foreign": { "Port": 0, "Resource": "Default", "AllowedNetworks": [ "192.0.2.0/24" ] }
            },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """);
        using var only = await server.ConnectAsync();
        Assert.Equal("a", await only.AskAsync("a"));
        for (var i = 0; i < 20; i++)
        {
            foreach (var listener in (string[])["Default", "Foreign"])
            {
                using var refused = await server.ConnectAsync(listener);
                Assert.Equal("", await refused.WaitForCloseAsync());
            }
        }

        await server.WaitForLogAsync("[WRN] Listener Default: a connection from 127.0.0.1 is closed: MaxConnections is reached");
        await server.WaitForLogAsync("[WRN] Listener Foreign: a connection from 127.0.0.1 is closed: AllowedNetworks does not let it in");
        await EndAsync(server);
        Assert.Equal(20, Told(server, "MaxConnections is reached"));
        Assert.Equal(20, Told(server, "AllowedNetworks does not let it in"));
        Assert.InRange(server.Process.Output.Count, 1, 12);
    }

    private static async Task EndAsync(ServerProcess server)
    {
        server.Process.Terminate();
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
    }

    /// <summary>How many of these the lines speak of together.</summary>
    private static long Told(ServerProcess server, string what) =>
        server.Process.Output.Where(line => line.Contains(what, StringComparison.Ordinal)).Sum(line =>
            More().Match(line) is { Success: true } match ? long.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture) : 1);

    [GeneratedRegex(@": (?<count>\d+) more ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex More();
}
