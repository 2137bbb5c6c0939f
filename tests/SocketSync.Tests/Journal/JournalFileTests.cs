using System.Text;

namespace SocketSync.Tests;

/// <summary>The files of a journal, which roll.</summary>
public sealed class JournalFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("socketsync-").FullName;

    private string Current => Path.Combine(_folder, "log.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TheFileThatIsFullMakesRoomAndTheOldestIsDeleted()
    {
        var file = new JournalFile(Current, maxBytes: 10, maxFiles: 3);
        foreach (var line in (string[])["1", "2", "3", "4", "5", "6", "7", "8"]) file.Append(Encoding.ASCII.GetBytes($"line {line}\n"));
        Assert.Equal("line 8\n", File.ReadAllText(Current));
        Assert.Equal("line 7\n", File.ReadAllText(Current + ".1"));
        Assert.Equal("line 6\n", File.ReadAllText(Current + ".2"));
        Assert.Equal(3, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public void NoFileBecomesLongerThanItMay()
    {
        var file = new JournalFile(Current, maxBytes: 100, maxFiles: 2);
        for (var i = 0; i < 50; i++) file.Append("0123456789\n"u8);
        Assert.All(Directory.GetFiles(_folder), name => Assert.InRange(new FileInfo(name).Length, 11, 100));
    }

    [Fact]
    public void OneFileBeginsAnew()
    {
        var file = new JournalFile(Current, maxBytes: 10, maxFiles: 1);
        file.Append("line 1\n"u8);
        file.Append("line 2\n"u8);
        Assert.Equal("line 2\n", File.ReadAllText(Current));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void ALineThatWasCutOffByAKillSpoilsNoOther()
    {
        File.WriteAllText(Current, "whole\nhal");
        new JournalFile(Current, maxBytes: 1000, maxFiles: 2).Append("next\n"u8);
        Assert.Equal("whole\nhal\nnext\n", File.ReadAllText(Current));
    }

    [Theory]
    [InlineData(false)] // deleted
    [InlineData(true)] // moved, as by logrotate
    public void ItGoesOnWhenSomebodyElseTakesTheFileAway(bool moved)
    {
        var file = new JournalFile(Current, maxBytes: 1000, maxFiles: 2);
        file.Append("before\n"u8);
        if (moved) File.Move(Current, Current + ".old");
        else File.Delete(Current);
        file.Append("after\n"u8);
        Assert.Equal("after\n", File.ReadAllText(Current));
    }
}
