namespace SocketSync.EndToEndTests;

public sealed class PrinterRecipeTests
{
    private const int Jobs = 4;
    private const int Labels = 500;

    [Fact]
    public async Task EachJobIsPrintedWholeAndNothingComesBack()
    {
        Tool.Require("ncat");
        var printerPort = FreePort.Next();
        await using var printer = new ChildProcess("ncat", ["-l", "-k", "--recv-only", "127.0.0.1", $"{printerPort}"]);
        await using var server = await Recipe.Of("A label printer").StartAsync("Printer", "Tcp:Host=127.0.0.1", $"Tcp:Port={printerPort}");
        var port = $"{(await server.StatusAsync()).Listeners["Printer"].Port}";

        await Task.WhenAll(Enumerable.Range(0, Jobs).Select(job => PrintAsync(port, job)));

        await Poll.UntilAsync(() => printer.Output.Count == Jobs * Labels, $"all is printed, {printer.Output.Count} lines");
        foreach (var job in printer.Output.Chunk(Labels))
        {
            string[] expected = [.. Enumerable.Range(0, Labels).Select(label => $"{job[0][..^1]}{label}")];
            Assert.Equal(expected, job);
        }
    }

    private static async Task PrintAsync(string port, int job)
    {
        await using var client = new ChildProcess("ncat", ["127.0.0.1", port]);
        for (var label = 0; label < Labels; label++) await client.Input.WriteAsync($"^XA^FDjob {job}, label ^FS^XZ{label}\n");
        client.Input.Close();
        Assert.True(await client.ExitAsync(TimeSpan.FromSeconds(30)) == 0, client.Log);
        Assert.Empty(client.Output);
    }
}
