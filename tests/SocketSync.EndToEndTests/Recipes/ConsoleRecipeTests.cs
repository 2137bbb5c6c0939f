namespace SocketSync.EndToEndTests;

public sealed class ConsoleRecipeTests
{
    [Fact]
    public async Task TheNextUserWaitsUntilTheFirstHasLeft()
    {
        Tool.Require("socat");
        using var files = new TestFiles();
        await using var terminal = new ChildProcess("socat", [$"PTY,link={files["tty"]},raw,echo=0", "EXEC:sh"]);
        await Poll.UntilAsync(() => File.Exists(files["tty"]), "the terminal is there");
        await using var server = await Recipe.Of("A console, one user at a time").StartAsync("Console", $"Serial:Device={files["tty"]}");
        var port = (await server.StatusAsync()).Listeners["Console"].Port;

        await using var first = Open(port);
        await AskAsync(first, "name=router; echo $((6 * 7))", "42");

        await using var second = Open(port);
        await second.Input.WriteAsync("echo this is $name\n");
        await second.Input.FlushAsync(TestContext.Current.CancellationToken);
        await server.WaitForStatusAsync(status => status.Resources["Console"].QueueLength == 1);
        await AskAsync(first, "echo still mine", "still mine");
        Assert.Empty(second.Output);

        first.Input.Close();
        Assert.Equal(0, await first.ExitAsync(TimeSpan.FromSeconds(15)));
        await Poll.UntilAsync(() => second.Output.Contains("this is router", StringComparer.Ordinal), $"the second has its turn: {second.Log}");
        Assert.Equal(["42", "still mine"], first.Output);
        Assert.Equal(["this is router"], second.Output);
    }

    private static ChildProcess Open(int port) => new("socat", ["-t10", "-", $"TCP:127.0.0.1:{port}"]);

    private static async Task AskAsync(ChildProcess client, string command, string answer)
    {
        await client.Input.WriteAsync(command + "\n");
        await client.Input.FlushAsync(TestContext.Current.CancellationToken);
        await Poll.UntilAsync(() => client.Output.Contains(answer, StringComparer.Ordinal), $"{command}: {client.Log}");
    }
}
