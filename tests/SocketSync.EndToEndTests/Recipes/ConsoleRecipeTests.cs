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
        await second.Input.WriteAsync("echo nobody types this\n");
        await second.Input.FlushAsync(TestContext.Current.CancellationToken);
        await server.WaitForStatusAsync(status => status.Resources["Console"].QueueLength == 1);
        await Poll.UntilAsync(() => second.Output.Any(line => line.Contains("your place in line is 1", StringComparison.Ordinal)), $"the second is told to wait: {second.Log}");
        await AskAsync(first, "echo still mine", "still mine");

        first.Input.Close();
        Assert.Equal(0, await first.ExitAsync(TimeSpan.FromSeconds(15)));
        await Poll.UntilAsync(() => second.Output.Any(line => line.StartsWith("It is your turn.", StringComparison.Ordinal)), $"the second has its turn: {second.Log}");
        await AskAsync(second, "echo this is $name", "this is router");
        Assert.Equal(["42", "still mine"], first.Output);
        Assert.Equal(3, second.Output.Count);
    }

    private static ChildProcess Open(int port) => new("socat", ["-t10", "-", $"TCP:127.0.0.1:{port}"]);

    private static async Task AskAsync(ChildProcess client, string command, string answer)
    {
        await client.Input.WriteAsync(command + "\n");
        await client.Input.FlushAsync(TestContext.Current.CancellationToken);
        await Poll.UntilAsync(() => client.Output.Contains(answer, StringComparer.Ordinal), $"{command}: {client.Log}");
    }
}
