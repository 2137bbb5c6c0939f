namespace SocketSync.EndToEndTests;

public sealed class DatagramRecipeTests
{
    [Fact]
    public async Task SendersOfDatagramsAndConnectionsShareTheDevice()
    {
        Tool.Require("socat");
        await using var device = new ScriptedDevice(new LineDialect());
        const string Link = "SocketSync:Resources:Meter:Link:Tcp";
        await using var server = await ServerProcess.StartFileAsync(
            Recipe.Of("A datagram is a request").Json, folder: null, "SocketSync:Listeners:Datagrams:Port=0", "SocketSync:Listeners:Meter:Port=0",
            $"{Link}:Host=127.0.0.1", $"{Link}:Port={device.Port}");
        var port = (await server.StatusAsync()).Listeners["Datagrams"].Port;
        using var connected = await server.ConnectAsync("Meter");
        var senders = Enumerable.Range(0, 4).Select(async number =>
        {
            await using var sender = new ChildProcess("socat", ["-t", "3", "STDIO", $"UDP4:127.0.0.1:{port}"]);
            await sender.Input.WriteAsync($"value {number}?\n");
            await sender.Input.FlushAsync();
            await Poll.UntilAsync(() => sender.Output.Count == 1, $"sender {number} got a reply");
            sender.Input.Close();
            return sender.Output[0];
        });
        var replies = Task.WhenAll(senders);
        for (var i = 0; i < 20; i++) Assert.Equal($"=connected {i}", await connected.AskAsync($"connected {i}"));
        Assert.Equal(["=value 0?", "=value 1?", "=value 2?", "=value 3?"], await replies);
        device.AssertOneAtATime();
    }
}
