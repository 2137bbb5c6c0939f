using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>A program on the link: its death, its children's, and the server's.</summary>
public sealed class ProcessLinkTests
{
    /// <summary>Answers lines; some of them ask it for more.</summary>
    private const string Worker = """
        while read -r line; do
          case "$line" in
            pid) echo "=$$" ;;
            spawn) sleep 600 >/dev/null 2>&1 & echo "=$!" ;;
            "leave the session") setsid sh -c 'echo "=$$"; exec sleep 600 >/dev/null 2>&1' & ;;
            orphan) (sh -c 'echo "=$$"; exec sleep 600 >/dev/null 2>&1' &) ;;
            "orphan and leave") (setsid sh -c 'echo "=$$"; exec sleep 600 >/dev/null 2>&1' &) ;;
            complain) echo "a complaint" >&2; echo "=complained" ;;
            leave) sleep 600 & echo "$!" >"$HEIR"; exit 3 ;;
            *) echo "=$line" ;;
          esac
        done
        """;

    [Fact]
    public async Task ItsDeathUnderLoadFailsOnlyTheRequestInItsTurn()
    {
        const int Kills = 10;
        using var files = new TestFiles();
        await using var server = await StartAsync(files);
        var port = (await server.StatusAsync()).Listener.Port;
        using var over = new CancellationTokenSource();
        var load = Enumerable.Range(0, 8).Select(id => Task.Run(() => AskUntilAsync(port, id, over.Token))).ToList();
        using var client = await TestClient.ConnectAsync(port);
        for (var i = 0; i < Kills; i++)
        {
            var child = await IdAsync(client, "pid");
            Kill(child);
            var watch = Stopwatch.StartNew();
            while (await client.AskAsync("again") is var reply && reply != "=again") Assert.StartsWith("ERROR unavailable", reply, StringComparison.Ordinal);
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"served again after {watch.Elapsed}");
        }

        await over.CancelAsync();
        await Task.WhenAll(load);
        var status = await server.WaitForStatusAsync(s => s.Resource is { Turn: null, QueueLength: 0, Link: { State: "Up", Connects: Kills + 1 } });
        Assert.True(status.Resource.Refused <= Kills && status.Resource.Failed == 0, $"{status}");
        await Poll.UntilAsync(() => Children(server.Process.Id).All(c => c.State != 'Z'), "there are zombies");
        await Poll.UntilAsync(() => Children(server.Process.Id).Count <= 2, "what has died has left processes behind"); // The worker and its guard.
    }

    [Fact]
    public async Task ItsExitCountsThoughAGrandchildKeepsItsStdoutOpen()
    {
        using var files = new TestFiles();
        await using var server = await StartAsync(files);
        using var client = await server.ConnectAsync();
        Assert.Equal("=one", await client.AskAsync("one"));
        var watch = Stopwatch.StartNew();
        Assert.StartsWith("ERROR unavailable", await client.AskAsync("leave"), StringComparison.Ordinal);
        Assert.Equal("=two", await client.AskAsync("two"));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(3), $"it took {watch.Elapsed}"); // ReplyTimeout is 10 s.
        await WaitForEndAsync(int.Parse(await File.ReadAllTextAsync(files["heir"], TestContext.Current.CancellationToken), CultureInfo.InvariantCulture));
        await server.WaitForLogAsync("exit code 3");
        await server.WaitForStatusAsync(s => s.Resource.Link is { State: "Up", Connects: 2 });
    }

    [Fact]
    public async Task WhatItWritesToStderrIsInTheLog()
    {
        using var files = new TestFiles();
        await using var server = await StartAsync(files);
        using var client = await server.ConnectAsync();
        Assert.Equal("=complained", await client.AskAsync("complain"));
        await server.WaitForLogAsync("a complaint");
    }

    [Theory]
    [InlineData("stop")]
    [InlineData("crash")]
    [InlineData("restart")]
    public async Task ItAndItsDescendantsEndWithTheServerAndWithTheLink(string end)
    {
        Tool.Require("setsid");
        using var files = new TestFiles();
        await using var server = await StartAsync(files);
        using var client = await server.ConnectAsync();
        var child = await IdAsync(client, "pid");
        List<int> family = [child, await IdAsync(client, "spawn"), await IdAsync(client, "leave the session"), await IdAsync(client, "orphan"), await IdAsync(client, "orphan and leave")];
        await Poll.UntilAsync(() => family.TakeLast(2).All(id => Stat(id)?.Parent is { } parent && !family.Contains(parent) && Stat(parent)?.Parent != child), "they still have their parents");
        Assert.All(family, id => Assert.True(IsAlive(id)));
        var guards = Children(server.Process.Id).Select(c => c.Id).Except(family).ToList();
        Assert.Single(guards);

        switch (end)
        {
            case "stop":
                server.Process.Terminate();
                Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
                break;
            case "crash":
                server.Process.Crash();
                break;
            default:
                Kill(child);
                await Poll.UntilAsync(async () => await client.AskAsync("again") == "=again", () => "it was not started again");
                break;
        }

        foreach (var id in family.Concat(guards)) await WaitForEndAsync(id);
    }

    [Fact]
    public async Task AProgramThatDiesAtOnceIsNotStartedForEveryRequest()
    {
        const int Requests = 100;
        using var files = new TestFiles();
        var cure = files.Write("cure", "");
        var script = $"echo start >>{files["starts"]}; test -f {cure} || exit 1; {Worker}";
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("Line", $$"""
            "Process": { "FileName": "/bin/sh", "Arguments": ["-c", {{JsonSerializer.Serialize(script)}}] }
            """));
        using var client = await server.ConnectAsync();
        var child = await IdAsync(client, "pid");
        File.Delete(cure);
        Kill(child);
        await WaitForEndAsync(child);
        for (var i = 0; i < Requests; i++) Assert.StartsWith("ERROR unavailable", await client.AskAsync("one"), StringComparison.Ordinal);
        var starts = await File.ReadAllLinesAsync(files["starts"], TestContext.Current.CancellationToken);
        Assert.InRange(starts.Length, 2, Requests / 5);

        files.Write("cure", "");
        await Poll.UntilAsync(async () => await client.AskAsync("two") == "=two", () => "it was not started again");
    }

    private static Task<ServerProcess> StartAsync(TestFiles files) => ServerProcess.StartAsync(RelaySettings.Of("Line", $$"""
        "Process": { "FileName": "/bin/sh", "Arguments": ["{{files.Write("worker.sh", Worker)}}"], "Environment": { "HEIR": "{{files["heir"]}}" } },
        "ReplyTimeout": "00:00:10"
        """));

    private static async Task AskUntilAsync(int port, int id, CancellationToken over)
    {
        using var client = await TestClient.ConnectAsync(port);
        for (var i = 0; !over.IsCancellationRequested; i++)
        {
            var reply = await client.AskAsync($"{id} {i}");
            Assert.True(reply == $"={id} {i}" || reply!.StartsWith("ERROR unavailable", StringComparison.Ordinal), reply);
        }
    }

    private static async Task<int> IdAsync(TestClient client, string question) =>
        int.Parse((await client.AskAsync(question))!.TrimStart('='), CultureInfo.InvariantCulture);

    private static void Kill(int id)
    {
        using var child = Process.GetProcessById(id);
        child.Kill();
    }

    private static Task WaitForEndAsync(int id) => Poll.UntilAsync(() => !IsAlive(id), $"process {id} goes on");

    /// <summary>A zombie whose parent has gone too is the system's to collect.</summary>
    private static bool IsAlive(int id) => Stat(id) is { State: not 'Z' };

    private static List<(int Id, char State)> Children(int parent) =>
    [
        .. Directory.GetDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(name => (Id: int.Parse(name!, CultureInfo.InvariantCulture), Stat: Stat(int.Parse(name!, CultureInfo.InvariantCulture))))
            .Where(process => process.Stat?.Parent == parent)
            .Select(process => (process.Id, process.Stat!.Value.State)),
    ];

    private static (char State, int Parent)? Stat(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (words[0][0], int.Parse(words[1], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null; // It has ended.
        }
    }
}
