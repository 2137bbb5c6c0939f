using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public class LinkLogTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly LogList _lines = new();
    private readonly LinkLog _log;

    public LinkLogTests() => _log = new("R", "tcp d:1", _lines, _time);

    [Fact]
    public void ALinkThatIsOpenedForEachRequestIsNoWarning()
    {
        for (var i = 0; i < 5; i++) Note(_log.Opened);
        _time.Advance(Interval);
        _log.Flush();
        Assert.Equal(
            [(LogLevel.Information, "Resource R: link tcp d:1 is open"), (LogLevel.Information, "Resource R: further openings of link tcp d:1 in the last ten seconds: 4")], Told());
    }

    [Fact]
    public void ADeviceThatHangsUpAgainAndAgainCostsTwoLinesAndTheSums()
    {
        for (var i = 0; i < 100; i++)
        {
            Note(_log.Opened);
            Note(() => _log.Lost("hung up"));
        }

        _time.Advance(Interval);
        _log.FlushAll();
        Assert.Equal(
            [
                (LogLevel.Information, "Resource R: link tcp d:1 is open"),
                (LogLevel.Warning, "Resource R: link tcp d:1 is lost: hung up"),
                (LogLevel.Warning, "Resource R: link tcp d:1, in the last ten seconds and not told one by one: lost 99 times, opened 99 times, the device away 0 times; the last reason: hung up"),
            ],
            Told());
    }

    [Fact]
    public void ADeviceThatIsBackIsTold()
    {
        Note(_log.Opened);
        Note(() => _log.Lost("gone"));
        for (var i = 0; i < 5; i++) Note(() => _log.Away("refused"));
        Note(_log.Opened);
        Assert.Equal("Resource R: link tcp d:1 is open", Told()[^1].Text);
        Assert.Equal(4, Told().Count);

        // But not each time.
        for (var i = 0; i < 100; i++)
        {
            Note(() => _log.Away("refused"));
            Note(_log.Opened);
        }

        Assert.Equal(4, Told().Count);
        _time.Advance(Interval);
        Note(() => _log.Away("refused"));
        Note(_log.Opened);
        Assert.Equal(["not told one by one", "is open"], Told().Skip(4).Select(line => line.Text.Contains("is open", StringComparison.Ordinal) ? "is open" : "not told one by one"), StringComparer.Ordinal);
    }

    private void Note(Action noted)
    {
        noted();
        _log.Flush();
    }

    private List<(LogLevel Level, string Text)> Told() => [.. _lines.Entries.Select(entry => (entry.Level, entry.Text))];
}
