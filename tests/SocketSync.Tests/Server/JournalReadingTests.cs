using System.Globalization;

namespace SocketSync.Tests;

/// <summary>A journal that is read back.</summary>
public sealed class JournalReadingTests : IDisposable
{
    private const string Early = "2026-11-29T10:00:";

    private readonly string _folder = Directory.CreateTempSubdirectory("socketsync-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void FilesAreReadInTheOrderInWhichTheyWereWrittenAndDamagedLinesPassedOver()
    {
        var current = Write("log.jsonl", Turn("third", 30), "{\"kind\":\"turn\",\"resou");
        var before = Write("log.jsonl.1", Turn("first", 10), "nonsense", Turn("second", 20));
        var reader = new JournalReader([current, before]);
        Assert.Equal("first,second,third", string.Join(',', reader.Read().Select(line => line.ConnectionId)));
        Assert.Equal(2, reader.Damaged);
    }

    [Fact]
    public void WhatAnotherVersionAddsIsPassedOver()
    {
        var file = Write("log.jsonl", Turn("a", 1)[..^1] + ",\"colour\":{\"of\":[\"it\"]}}");
        Assert.Equal("a", Assert.Single(new JournalReader([file]).Read()).ConnectionId);
    }

    [Theory]
    [InlineData("b", null, "b")]
    [InlineData("B", null, "b")]
    [InlineData("192.0.2.1", null, "b,c")]
    [InlineData("192.0.2.1:7", null, "c")]
    [InlineData(null, "2026-11-29T10:00:02Z", "b,c")]
    [InlineData("192.0.2.1", "2026-11-29T10:00:03Z", "c")]
    public void AFilterTakesWhatItNames(string? client, string? from, string expected)
    {
        var file = Write("log.jsonl", Turn("a", 1), Turn("b", 2, remote: "192.0.2.1:6"), Turn("c", 3, remote: "192.0.2.1:7"));
        var filter = new JournalFilter(Resource: "r", client, from is null ? null : DateTimeOffset.Parse(from, CultureInfo.InvariantCulture));
        Assert.Equal(expected, string.Join(',', new JournalReader([file]).Read().Where(filter.Takes).Select(line => line.ConnectionId)));
        Assert.DoesNotContain(new JournalReader([file]).Read(), (filter with { Resource = "other" }).Takes);
    }

    [Fact]
    public void WhoeverHadTheResourceWhileAnotherWaitedIsNamed()
    {
        // "long" has it for 8 of the 10 seconds that "waiter" waits, and another resource has nothing to do with it.
        string[] lines = [Turn("short", 11, took: 2), Turn("long", 19, took: 8), Turn("elsewhere", 19, took: 19, resource: "Q"), Turn("waiter", 21, took: 1, waited: 10)];
        var holders = new JournalHolders();
        var awaited = new List<string?>();
        foreach (var line in new JournalReader([Write("log.jsonl", lines)]).Read())
        {
            awaited.Add(holders.AwaitedBy(line));
            holders.Add(line);
        }

        Assert.Equal([null, null, null, "long"], awaited);
    }

    [Fact]
    public void ALineForPeopleCannotBeForgedByItsText()
    {
        var file = Write("log.jsonl", Turn("a", 1, remote: "x\\n2026 forged"));
        Assert.DoesNotContain('\n', JournalText.Of(Assert.Single(new JournalReader([file]).Read()), awaited: null));
    }

    [Theory]
    [InlineData("90min", "2026-11-29T08:30:00Z")]
    [InlineData("1.5h", "2026-11-29T08:30:00Z")]
    [InlineData("30s", "2026-11-29T09:59:30Z")]
    [InlineData("2d", "2026-11-27T10:00:00Z")]
    [InlineData("2026-11-29T09:00:00Z", "2026-11-29T09:00:00Z")]
    [InlineData("soon", null)]
    [InlineData("-1h", null)]
    [InlineData("99999999999d", null)]
    public void ATimeIsGivenAsItIsOrAsHowLongAgo(string text, string? expected)
    {
        var now = DateTimeOffset.Parse("2026-11-29T10:00:00Z", CultureInfo.InvariantCulture);
        Assert.Equal(expected is null ? null : DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture), JournalCommand.TimeOf(text, now));
    }

    private static string Turn(string id, int endedAt, int took = 1, int waited = 0, string resource = "R", string? remote = null) => $$"""
        {"kind":"turn","resource":"{{resource}}","connectionId":"{{id}}"{{(remote is null ? "" : $",\"remoteEndPoint\":\"{remote}\"")}},"queuedAt":"{{At(endedAt - took - waited)}}","startedAt":"{{At(endedAt - took)}}","endedAt":"{{At(endedAt)}}","outcome":"ok","requestBytes":1,"replyBytes":2}
        """;

    private static string At(int seconds) => string.Create(CultureInfo.InvariantCulture, $"{Early}{seconds:00}Z");

    private string Write(string name, params string[] lines)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllLines(path, lines);
        return path;
    }
}
