using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>A server that writes down who used what, and the command that reads it back.</summary>
public sealed class JournalTests : IDisposable
{
    private readonly TestFiles _files = new();

    private string File => _files["log.jsonl"];

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task TellsWhoHadATurnWhoWaitedForWhomAndWhoWasRefused()
    {
        await using (var server = await ServerProcess.StartTestHostAsync(Settings.Scripted("""
            "MaxQueue": 1
            """, Setting())))
        {
            using var holder = await server.ConnectAsync();
            using var waiter = await server.ConnectAsync();
            using var refused = await server.ConnectAsync();
            await holder.SendAsync("hold key\n");
            await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
            await TurnTests.WaitInLineAsync(server, waiter, "waits", 1);
            Assert.StartsWith("ERROR busy", await refused.AskAsync("refused"), StringComparison.Ordinal);
            await server.ReleaseAsync("key");
            Assert.Equal("waits", await waiter.ReadLineAsync());

            await using var journal = await RunAsync(lines: 3, File, "--client", waiter.Socket.LocalEndPoint!.ToString()!);
            Assert.Contains($" for {holder.Socket.LocalEndPoint}", journal.Output[0], StringComparison.Ordinal);
        }

        Assert.Equal("refusal busy, turn ok, turn ok", string.Join(", ", Lines().Select(line => $"{line.GetProperty("kind")} {line.GetProperty("outcome")}")));
    }

    [Fact]
    public async Task TellsOfLeases()
    {
        await using (var server = await ServerProcess.StartTestHostAsync(Settings.Scripted("""
            "Hold": "Connection"
            """, Setting())))
        {
            using var client = await server.ConnectAsync();
            await client.AskAsync("1");
            await client.AskAsync("2");
        }

        Assert.Equal("turn, turn, lease", string.Join(", ", Lines().Select(line => line.GetProperty("kind").GetString())));
    }

    [Fact]
    public async Task AKillCostsNothingThatIsASecondOld()
    {
        await using var server = await ServerProcess.StartAsync(Setting() + Settings.EchoLines);
        using (var client = await server.ConnectAsync())
        {
            for (var i = 0; i < 20; i++) await client.AskAsync($"{i}");
        }

        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        server.Process.Crash();
        await server.Process.ExitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(20, Lines().Count);
    }

    [Fact]
    public async Task WiresharkReadsTheBytesOfModbus()
    {
        Tool.Require("tshark");
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using (var server = await ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", device.Tcp, more: Setting(payloads: true))))
        {
            using var client = await server.ConnectAsync();
            for (ushort id = 1; id <= 3; id++) Assert.Equal(0, await BusTests.AskAsync(client, id, 1, 3, (byte)id));
        }

        await using (await RunAsync(lines: 3, File, "--pcap", _files["out.pcap"]))
        {
            await using var tshark = new ChildProcess("tshark", [
                "-r", _files["out.pcap"], "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
                "-T", "fields", "-e", "mbtcp.trans_id", "-e", "modbus.func_code", "-e", "ip.checksum.status", "-e", "tcp.checksum.status"]);
            Assert.Equal(0, await tshark.ExitAsync(TimeSpan.FromSeconds(30)));
            Assert.Equal(["1\t3\t1\t1", "1\t3\t1\t1", "2\t3\t1\t1", "2\t3\t1\t1", "3\t3\t1\t1", "3\t3\t1\t1"], tshark.Output);
        }
    }

    [Fact]
    public async Task AFullDiskCostsLinesAndNoTurn()
    {
        Tool.Require("mount");
        await using (var mount = new ChildProcess("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", _files.Folder]))
        {
            if (await mount.ExitAsync(TimeSpan.FromSeconds(10)) != 0) Tool.Missing($"nothing can be mounted here: {mount.Log}");
        }

        try
        {
            await using var server = await ServerProcess.StartAsync(Setting() + Settings.EchoLines);
            using (var client = await server.ConnectAsync())
            {
                await client.AskAsync("first");
                await Poll.UntilAsync(() => Lines().Count == 1, "the first line is not written");
                for (var i = 0; i < 2000; i++) Assert.Equal($"{i}", await client.AskAsync($"{i}"));
            }

            await server.WaitForLogAsync("cannot be written, and its lines are lost");
            Assert.All(Lines(), line => Assert.NotEqual(default, line.GetProperty("endedAt").GetDateTimeOffset())); // none is cut off
            System.IO.File.Delete(File);
            using (var client = await server.ConnectAsync()) await client.AskAsync("after");
            await Poll.UntilAsync(() => System.IO.File.Exists(File) && Lines().Any(line => line.GetProperty("kind").ValueEquals("turn")), "it does not go on");
            Assert.Single(server.Process.Log.Split('\n'), line => line.Contains("Journal", StringComparison.Ordinal));
            Assert.True(Metrics.Sum(await server.MetricsAsync(), "socketsync_journal_lost_total", []) > 100);
        }
        finally
        {
            await using var unmount = new ChildProcess("umount", [_files.Folder]);
            await unmount.ExitAsync(TimeSpan.FromSeconds(10));
        }
    }

    [Theory]
    [InlineData(2, "journal")]
    [InlineData(2, "journal", "log", "--from", "soon")]
    [InlineData(2, "journal", "log", "--slowest", "0")]
    [InlineData(2, "journal", "log", "--slowest", "1", "--summary")]
    [InlineData(1, "journal", "/nowhere/log")]
    public async Task AMistakeIsOneLine(int code, params string[] arguments)
    {
        await using var process = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), .. arguments]);
        Assert.Equal(code, await process.ExitAsync(TimeSpan.FromSeconds(20)));
        Assert.Single(process.Errors);
        Assert.Empty(process.Output);
    }

    private string Setting(bool payloads = false) => $$"""
        "Journal": { "Path": "{{File}}", "Payloads": {{(payloads ? "true" : "false")}} },
        """;

    private List<JsonElement> Lines() => [.. System.IO.File.ReadAllLines(File).Select(line => JsonElement.Parse(line))];

    /// <summary>Runs <c>journal</c> once so many lines are written.</summary>
    private async Task<ChildProcess> RunAsync(int lines, params string[] arguments)
    {
        await Poll.UntilAsync(() => Lines().Count >= lines, "the lines are not written");
        var process = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), "journal", .. arguments]);
        Assert.Equal(0, await process.ExitAsync(TimeSpan.FromSeconds(20)));
        return process;
    }
}
