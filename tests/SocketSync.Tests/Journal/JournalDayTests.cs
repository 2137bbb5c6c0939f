using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>What a journal knows of the last day.</summary>
public class JournalDayTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Two = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 29, 10, 30, 0, TimeSpan.Zero));

    [Fact]
    public void SumsUpWhoHadAResourceAndWhoWaited()
    {
        var day = new JournalDay(_time);
        Add(day, "R", One, took: 5, waited: 0);
        Add(day, "R", Two, took: 2, waited: 5);
        Add(day, "R", Two, took: 2, waited: 1, isServed: false);
        Add(day, "Q", One, took: 60, waited: 60);
        var sum = day.Of("r")!;
        Assert.Equal((3, 1), (sum.Asked, sum.Unserved));
        Assert.Equal((TimeSpan.FromSeconds(5), One), (sum.LongestTurn!.Time, sum.LongestTurn.Client));
        Assert.Equal((TimeSpan.FromSeconds(5), Two), (sum.LongestWait!.Time, sum.LongestWait.Client));
        Assert.Equal("192.0.2.1 1 0, 192.0.2.2 2 1", string.Join(", ", sum.Clients.Select(client => $"{client.Address} {client.Asked} {client.Unserved}")));
        Assert.Equal(_time.GetUtcNow(), sum.Since);
        Assert.Null(day.Of("nobody"));
    }

    [Fact]
    public void ForgetsWhatIsOlderThanADay()
    {
        var day = new JournalDay(_time);
        Add(day, "R", One, took: 9);
        _time.Advance(TimeSpan.FromHours(20));
        Add(day, "R", Two, took: 1);
        Assert.Equal(2, day.Of("R")!.Asked);
        _time.Advance(TimeSpan.FromHours(4));
        Assert.Equal(1, day.Of("R")!.Asked);
        Assert.Equal(Two, day.Of("R")!.LongestTurn!.Client);
        _time.Advance(TimeSpan.FromHours(24));
        Assert.Null(day.Of("R"));
    }

    [Fact]
    public void KeepsNoMoreClientsThanItHasRoomFor()
    {
        var day = new JournalDay(_time);
        for (var i = 0; i < 1000; i++) Add(day, "R", new IPAddress([10, 0, (byte)(i / 256), (byte)i]), took: 1);
        var sum = day.Of("R")!;
        Assert.Equal(1000, sum.Asked);
        Assert.Equal(101, sum.Clients.Count);
        Assert.Equal(900, sum.Clients.Single(client => client.Address == RemoteAddress.Others).Asked);
    }

    [Fact]
    public void ReadsBackTheEndOfAFile()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, [Line("2026-11-28T10:00:00Z"), Line("2026-11-29T09:00:00Z"), "cut off", Line("2026-11-29T10:00:00Z"), Line("2026-11-29T10:45:00Z")]);
            var day = new JournalDay(_time);
            day.Read(file, most: 1 << 20, until: _time.GetUtcNow());
            Assert.Equal(2, day.Of("R")!.Asked); // not the day before, nor this process's own

            var end = new JournalDay(_time);
            end.Read(file, most: (2 * Line("2026-11-29T10:00:00Z").Length) + 12, until: _time.GetUtcNow());
            Assert.Equal(1, end.Of("R")!.Asked);
            Assert.Equal(One, end.Of("R")!.LongestTurn!.Client);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Line(string at) =>
        $$"""{"kind":"turn","resource":"R","connectionId":"1","remoteEndPoint":"192.0.2.1:7","queuedAt":"{{at}}","startedAt":"{{at}}","endedAt":"{{at}}","outcome":"ok","requestBytes":1,"replyBytes":2}""";

    private void Add(JournalDay day, string resource, IPAddress client, int took, int waited = 0, bool isServed = true) =>
        day.Add(resource, client, isServed, _time.GetUtcNow(), TimeSpan.FromSeconds(took), TimeSpan.FromSeconds(waited));
}
