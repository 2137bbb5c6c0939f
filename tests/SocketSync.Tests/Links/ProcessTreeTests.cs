using System.Diagnostics;
using System.Globalization;

namespace SocketSync.Tests;

/// <summary>Every descendant ends with its link or its server, whatever has become of it, and nobody else does.</summary>
[Collection(nameof(CountsEverything))]
public class ProcessTreeTests
{
    public static TheoryData<string> Kinds => [.. Family.Kinds.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task ADescendantEndsWithTheTreeAndAnotherTreeDoesNot(string kind)
    {
        Family.RequireTools();
        using var tree = Start(Family.Script(Family.Kinds[kind]));
        using var other = Start(Family.Script(Family.Kinds[kind]));
        var (ids, others) = (await Family.ReadAsync(tree.Child, 2), await Family.ReadAsync(other.Child, 2));
        if (Family.IsOrphan(kind)) await Family.OrphanedAsync(ids[1], Mark(tree));

        tree.End();

        await LinkTesting.UntilAsync(() => !ids.Exists(LinkTesting.IsAlive), $"the end of {kind}");
        Assert.All(others, id => Assert.True(LinkTesting.IsAlive(id)));
    }

    /// <summary>In the middle of an exec a process has no environment, and so no mark, to read.</summary>
    [Fact]
    public async Task ADescendantThatIsAlwaysInAnExecEndsWithTheTree()
    {
        Family.RequireTools();
        const string Script = """
            again='[ $1 = 0 ] && exec sleep 1000; exec sh -c "$0" "$0" $(($1 - 1))'
            (setsid sh -c "$again" "$again" 100000 & echo $!)
            exec sleep 1000
            """;
        for (var i = 0; i < 300; i++)
        {
            using var tree = Start(Script);
            var id = Family.Parse((await tree.Child.StandardOutput.ReadLineAsync(LinkTesting.Token).Soon())!);
            tree.End();
            await LinkTesting.UntilAsync(() => !LinkTesting.IsAlive(id), $"the end of the {i + 1}th");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EveryDescendantEndsWhenTheGuardLosesTheServerAndNobodyElse(bool hasGrep)
    {
        Family.RequireTools();
        // No tree: were there one, its own guard or its end could have done it.
        var (mark, otherMark) = (Guid.NewGuid().ToString("N"), Guid.NewGuid().ToString("N"));
        using var child = StartMarked(mark);
        using var other = StartMarked(otherMark);
        var (ids, others) = (await Family.ReadAsync(child, 1 + Family.Kinds.Count), await Family.ReadAsync(other, 1 + Family.Kinds.Count));
        foreach (var (id, _) in ids.Skip(1).Zip(Family.Kinds.Keys).Where(pair => Family.IsOrphan(pair.Second)))
            await Family.OrphanedAsync(id, mark);
        var start = new ProcessStartInfo("/bin/sh", ["-c", ProcessGuard.Script, "sh", child.Id.ToString(CultureInfo.InvariantCulture), mark]) { UseShellExecute = false, RedirectStandardInput = true };
        if (!hasGrep) start.Environment["PATH"] = "/nowhere";
        using var guard = Process.Start(start)!;
        Assert.All(ids, id => Assert.True(LinkTesting.IsAlive(id)));

        guard.StandardInput.Close();

        await guard.WaitForExitAsync(LinkTesting.Token).Soon();
        await LinkTesting.UntilAsync(() => !ids.Exists(LinkTesting.IsAlive), "the end of every descendant");
        Assert.All(others, id => Assert.True(LinkTesting.IsAlive(id)));
        new DescendantProcesses(other.Id, otherMark).Kill(isChildAlive: true);
    }

    [Fact]
    public async Task TheGuardWaitsForAsLongAsTheServerIsThereAndEndsWithTheTree()
    {
        Family.RequireTools();
        List<int> guards;
        using (var tree = Start(Family.Script(Family.Kinds["plain"])))
        {
            var ids = await Family.ReadAsync(tree.Child, 2);
            guards = Guards(Mark(tree));
            Assert.Single(guards);
            Assert.All(ids, id => Assert.True(LinkTesting.IsAlive(id)));
        }

        await LinkTesting.UntilAsync(() => !guards.Exists(LinkTesting.IsAlive), "the guard's end");
    }

    [Fact]
    public async Task OneThatNothingTellsFromAStrangerGoesOn()
    {
        // As the documents say. Were it found after all, they should say so.
        Family.RequireTools();
        using var tree = Start(Family.Script(Family.OutOfReach));
        var id = (await Family.ReadAsync(tree.Child, 2))[1];
        await Family.OrphanedAsync(id, Mark(tree));
        tree.End();
        await tree.Child.WaitForExitAsync(LinkTesting.Token).Soon();
        Assert.True(LinkTesting.IsAlive(id));
        Family.Kill([id]);
    }

    [Fact]
    public async Task AServerThatIsItselfOnALinkHandsItsOwnMarkOn()
    {
        Family.RequireTools();
        Environment.SetEnvironmentVariable(ProcessTree.MarkVariable, "outer");
        try
        {
            using var tree = Start($"echo ${ProcessTree.MarkVariable}; exec sleep 1000");
            var line = await tree.Child.StandardOutput.ReadLineAsync(LinkTesting.Token).Soon();
            Assert.Matches("^outer [0-9a-f]{32}$", line);
        }
        finally
        {
            Environment.SetEnvironmentVariable(ProcessTree.MarkVariable, null);
        }
    }

    private static ProcessTree Start(string script)
    {
        var start = ProcessTree.Describe("/bin/sh", ["-c", script]);
        start.RedirectStandardOutput = true;
        return ProcessTree.Start(start);
    }

    private static Process StartMarked(string mark)
    {
        var start = new ProcessStartInfo("setsid", ["sh", "-c", Family.Script(Family.Kinds.Values)]) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment[ProcessTree.MarkVariable] = mark;
        return Process.Start(start)!;
    }

    private static string Mark(ProcessTree tree) => tree.Child.StartInfo.Environment[ProcessTree.MarkVariable]!;

    private static List<int> Guards(string mark) =>
    [
        .. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit)).Select(name => Family.Parse(name!))
            .Where(id => Family.Read(id, "cmdline").Contains(mark, StringComparison.Ordinal)),
    ];
}
