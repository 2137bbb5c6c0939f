using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

[Collection(nameof(CountsEverything))]
public class ProcessLinkTests
{
    private readonly LinkLogLines _log = new();

    [Fact]
    public async Task BytesGoBothWaysUnchangedAndAtOnce()
    {
        await using var link = await OpenAsync("cat");
        var bytes = Encoding.Latin1.GetString([.. Enumerable.Range(0, 256).Select(i => (byte)i)]);
        for (var i = 0; i < 3; i++)
        {
            await link.SendAsync(bytes);
            await link.ExpectAsync(bytes);
        }
    }

    [Fact]
    public async Task ArgumentsDirectoryAndEnvironmentArriveAsTheyAre()
    {
        var directory = Directory.CreateTempSubdirectory("socketsync-");
        await using var link = await OpenAsync(new ProcessLinkOptions
        {
            FileName = "sh",
            Arguments = ["-c", "echo \"$1|$GREETING|$PATH|$(pwd)\"; cat", "sh", "a b;$HOME 'x' \"y\""],
            WorkingDirectory = directory.FullName,
            Environment = new(StringComparer.Ordinal) { ["GREETING"] = "gr üß" },
        });
        var path = Environment.GetEnvironmentVariable("PATH");
        var expected = Encoding.UTF8.GetBytes($"a b;$HOME 'x' \"y\"|gr üß|{path}|{directory.FullName}\n");
        await link.ExpectAsync(Encoding.Latin1.GetString(expected));
        directory.Delete();
    }

    [Theory]
    [InlineData("no-such-program-anywhere", null, "there is no program no-such-program-anywhere")]
    [InlineData("/no/such/program", null, "there is no program /no/such/program")]
    [InlineData("/etc/passwd", null, "/etc/passwd must be executable")]
    [InlineData("cat", "/no/such/directory", "there is no directory /no/such/directory to start it in")]
    public async Task AProgramThatCannotBeStartedIsToldInOneLine(string file, string? directory, string words)
    {
        var refused = await Link(new() { FileName = file, WorkingDirectory = directory }).RefusedAsync();
        Assert.EndsWith(words, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 3", "process sh: ended with exit code 3")]
    [InlineData("exit 0", "process sh: ended with exit code 0")]
    [InlineData("kill -9 $$", "process sh: ended with exit code 137 (signal 9)")]
    [InlineData("exec >&-; exec sleep 1000", "process sh: closed its stdout")]
    public async Task ItsEndIsToldWithItsExitCode(string script, string words)
    {
        await using var link = await OpenAsync("sh", "-c", script);
        Assert.Equal(words, (await link.ExpectLossAsync()).Message);
    }

    [Fact]
    public async Task WhatItSaidBeforeItsEndIsStillRead()
    {
        await using var link = await OpenAsync("sh", "-c", "read question; echo \"$question!\"; exit 5");
        var answer = link.ExpectAsync("why!\n");
        await link.SendAsync("why\n");
        await answer;
        Assert.EndsWith("exit code 5", (await link.ExpectLossAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheEndOfTheStreamIsPassedOnAndMakesAGoodEnd()
    {
        await using var link = await OpenAsync("sh", "-c", "cat; echo done");
        await link.SendAsync("text ");
        await link.Output.CompleteAsync();
        await link.ExpectAsync("text done\n");
        await link.ExpectEndAsync();
    }

    [Fact]
    public async Task ItsExitCountsAlthoughAGrandchildHoldsItsStdoutOpen()
    {
        // Of the same session, and ended with its parent; and one that has left it and goes on: only the exit tells then.
        await using var link = await OpenAsync("sh", "-c", "sleep 1000 & setsid sleep 1000 & echo $$ $!; sleep 0.2; exit 4");
        var ids = await ReadIdsAsync(link);
        Assert.EndsWith("exit code 4", (await link.ExpectLossAsync()).Message, StringComparison.Ordinal);
        if (LinkTesting.IsAlive(ids[1])) Process.GetProcessById(ids[1]).Kill();
    }

    [Fact]
    public async Task ClosingEndsAllDescendants()
    {
        // A child that ignores to be asked, a grandchild, and one whose parent has died.
        var link = await OpenAsync("sh", "-c", "trap '' TERM INT HUP; sh -c 'sleep 1000 & echo $!'; sleep 1000 & echo $$ $!; wait");
        var ids = await ReadIdsAsync(link, lines: 2);
        Assert.Equal(3, ids.Count(LinkTesting.IsAlive));
        await link.DisposeAsync().Soon();
        await LinkTesting.UntilAsync(() => !ids.Exists(LinkTesting.IsAlive), "the end of all descendants");
    }

    [Fact]
    public async Task DescendantsEndWithAChildThatIsKilled()
    {
        await using var link = await OpenAsync("sh", "-c", "sleep 1000 & echo $$ $!; wait");
        var ids = await ReadIdsAsync(link);
        Process.GetProcessById(ids[0]).Kill();
        Assert.EndsWith("exit code 137 (signal 9)", (await link.ExpectLossAsync()).Message, StringComparison.Ordinal);
        await LinkTesting.UntilAsync(() => !LinkTesting.IsAlive(ids[1]), "the grandchild's end");
    }

    [Fact]
    public async Task ItHasASessionOfItsOwn()
    {
        Assert.SkipWhen(ProgramFile.Find("setsid") is null, "setsid is missing");
        await using var link = await OpenAsync("sh", "-c", "echo $$; cat");
        var id = (await ReadIdsAsync(link))[0];
        // Process group and session, after the state and the parent.
        await LinkTesting.UntilAsync(() => Family.Stat(id)[2] == Family.Stat(id)[3] && Family.Stat(id)[3] == id.ToString(CultureInfo.InvariantCulture), "its own session");
    }

    [Fact]
    public async Task ClosingEndsAFlushThatTheChildDoesNotTake()
    {
        var link = await OpenAsync("sleep", ["1000"]);
        var flush = link.Output.WriteAsync(new byte[1 << 20], LinkTesting.Token).AsTask();
        Assert.False(flush.IsCompleted);
        await link.DisposeAsync().Soon();
        Assert.True((await flush.Soon()).IsCompleted);
    }

    [Fact]
    public async Task ClosingEndsAFlushThatADescendantOutOfReachKeepsFromEnding()
    {
        Family.RequireTools();
        // It holds the end of stdin from which nobody reads.
        var link = await OpenAsync("sh", "-c", Family.Script(Family.OutOfReach));
        var ids = await ReadIdsAsync(link, lines: 2);
        var heir = ids[ids.IndexOf(1) + 1];
        await Family.OrphanedAsync(heir, ProcessTree.MarkVariable);
        var flush = link.Output.WriteAsync(new byte[1 << 20], LinkTesting.Token).AsTask();
        Assert.False(flush.IsCompleted);
        await link.DisposeAsync().Soon();
        Assert.True((await flush.Soon()).IsCompleted);
        Assert.True(LinkTesting.IsAlive(heir));
        Family.Kill([heir]);
    }

    [Fact]
    public async Task MoreThanIsReadAheadStaysWithTheChildAndItsDeathIsStillSeen()
    {
        await using var link = await OpenAsync("sh", "-c", "echo $$; exec cat /dev/zero");
        var id = (await ReadIdsAsync(link))[0];
        Assert.True(link.Input.TryRead(out var first) || (first = await link.Input.ReadAsync(LinkTesting.Token)).Buffer.Length > 0);
        link.Input.AdvanceTo(first.Buffer.Start, first.Buffer.Start);
        Process.GetProcessById(id).Kill();
        Assert.EndsWith("(signal 9)", (await link.ExpectLossAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItsStderrIsLoggedInHarmlessLines()
    {
        await using var link = await OpenAsync("sh", "-c", @"printf 'one\r\ntwo\033[2J\n\342\200\256three' >&2; exit 1");
        await LinkTesting.UntilAsync(() => _log.Lines.Count == 3, "three lines");
        Assert.Equal(
            ["Information 520: process sh: one", @"Information 520: process sh: two\u001B[2J", @"Information 520: process sh: \u202Ethree"],
            _log.Lines, StringComparer.Ordinal);
    }

    [Fact]
    public async Task AFloodOnStderrIsBoundedAndHoldsNobodyUp()
    {
        // The time stands still, so that the number of lines does not depend on how long this takes.
        await using var link = await OpenAsync("sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' 'x' >&2; i=0; while [ $i -lt 5000 ]; do echo line >&2; i=$((i+1)); done; echo ready; cat");
        await link.ExpectAsync("ready\n");
        await link.DisposeAsync();
        await LinkTesting.UntilAsync(() => _log.Lines.Count == ProcessErrorLog.Burst + 1, "the last line");
        var lines = _log.Lines.ToList();
        Assert.Equal(ProcessErrorLog.MaxLineBytes + "Information 520: process sh: …".Length, lines[0].Length);
        Assert.Contains($"{5000 - ProcessErrorLog.Burst} lines of its stderr are left out", lines[^1], StringComparison.Ordinal);
    }

    private static async Task<List<int>> ReadIdsAsync(IOpenLink link, int lines = 1)
    {
        while (true)
        {
            var result = await link.Input.ReadAsync(LinkTesting.Token).Soon();
            var text = Encoding.Latin1.GetString(System.Buffers.BuffersExtensions.ToArray(result.Buffer.Slice(0, Math.Min(100, result.Buffer.Length))));
            if (text.Count(c => c == '\n') < lines)
            {
                link.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                continue;
            }

            var end = text.IndexOf('\0', StringComparison.Ordinal) is > 0 and var zero ? zero : text.Length;
            link.Input.AdvanceTo(result.Buffer.GetPosition(end));
            return [.. text[..end].Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(i => int.Parse(i, CultureInfo.InvariantCulture))];
        }
    }

    private ProcessLink Link(ProcessLinkOptions options) => new(options, _log, new FakeTimeProvider());

    private Task<IOpenLink> OpenAsync(string file, params string[] arguments) => OpenAsync(new ProcessLinkOptions { FileName = file, Arguments = arguments });

    private async Task<IOpenLink> OpenAsync(ProcessLinkOptions options)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs sh and /proc");
        return await Link(options).OpenAsync(default).Soon();
    }
}
