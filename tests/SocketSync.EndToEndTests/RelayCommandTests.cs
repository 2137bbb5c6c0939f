using System.Globalization;
using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>One device shared without a file, and by the file that is printed.</summary>
public sealed partial class RelayCommandTests
{
    private static string Server => ServerProcess.Assembly("ServerAssembly");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ItSharesTheDeviceAsItIsToldOrPrinted(bool isPrinted)
    {
        await using var device = await SimulatedDevice.StartAsync("line");
        string[] relay = ["relay", "--listen", "127.0.0.1:0", "--to", $"127.0.0.1:{device.Port}", "--protocol", "Line"];
        using var files = new TestFiles();
        string[] arguments = isPrinted ? ["--config", files.Write("relay.json", await PrintAsync(relay))] : relay;
        await using var server = new ChildProcess("dotnet", [Server, .. arguments, $"--urls=http://127.0.0.1:{FreePort.Next()}"]);
        await Poll.UntilAsync(() => Task.FromResult(Listening().IsMatch(server.Log)), () => $"it does not listen: {server.Log}");
        var port = int.Parse(Listening().Match(server.Log).Groups["port"].Value, CultureInfo.InvariantCulture);

        using (var client = await TestClient.ConnectAsync(port))
        using (var another = await TestClient.ConnectAsync(port))
        {
            Assert.Equal("1: ONE", await client.AskAsync("one"));
            Assert.Equal("2: TWO", await another.AskAsync("two"));
        }

        Assert.Equal(1, device.Connections);
        server.Terminate();
        Assert.Equal(0, await server.ExitAsync(TimeSpan.FromSeconds(10)));
    }

    private static async Task<string> PrintAsync(string[] relay)
    {
        await using var print = new ChildProcess("dotnet", [Server, .. relay, "--print"]);
        Assert.Equal(0, await print.ExitAsync(TimeSpan.FromSeconds(10)));
        return string.Join('\n', print.Output);
    }

    [GeneratedRegex(@"Listening: Relay on [^ ]+:(?<port>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Listening();
}
