using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

public sealed class ResourceLogTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly LogList _lines = new();
    private readonly ResourceLog _log;

    public ResourceLogTests() => _log = new("R", "P", _clock, _lines);

    public void Dispose() => _log.Dispose();

    [Fact]
    public void RefusalsTimeoutsAndFailuresAreToldByAddressAndOutcome()
    {
        _log.Ended(Outcome.Busy, Client("192.0.2.7"));
        _log.Ended(Outcome.Busy, Client("192.0.2.7"));
        _log.Ended(Outcome.Timeout, Client("192.0.2.7"));
        _log.Ended(Outcome.Busy, Client("192.0.2.8"));
        _log.Ended(Outcome.Busy, Client("::ffff:192.0.2.8"));
        _clock.Advance(LogThrottle<string>.Period);
        Assert.Equal(
            [
                "Resource R: a request from 192.0.2.7 ended as busy",
                "Resource R: a request from 192.0.2.7 ended as timeout",
                "Resource R: a request from 192.0.2.8 ended as busy",
                "Resource R: 1 more requests from 192.0.2.7 ended as busy within 10 s",
                "Resource R: 1 more requests from 192.0.2.8 ended as busy within 10 s",
            ],
            _lines.Entries.Select(line => line.Text), StringComparer.Ordinal);
        Assert.All(_lines.Entries, line => Assert.Equal(LogLevel.Warning, line.Level));
    }

    [Fact]
    public void AHundredThousandRefusalsLeaveFewLinesThatAddUp()
    {
        Outcome[] outcomes = [Outcome.Busy, Outcome.Malformed, Outcome.TooLarge];
        for (var i = 0; i < 100_000; i++)
        {
            _log.Ended(outcomes[i % outcomes.Length], Client($"10.0.{i / 256 % 4}.{i % 256}"));
            if (i % 1000 == 0)
                _clock.Advance(TimeSpan.FromMilliseconds(30));
        }

        _log.Dispose();
        Assert.InRange(_lines.Entries.Count, 1, 2 * (LogThrottle<string>.MaxKinds + outcomes.Length));
        Assert.Equal(100_000, _lines.Entries.Sum(line => CountOf(line.Text)));
        Assert.Contains(_lines.Entries, line => line.Text.Contains("from other addresses ended as malformed", StringComparison.Ordinal));
    }

    [Fact]
    public void OneThatComesByAUnixSocketIsToldToo()
    {
        _log.Ended(Outcome.Failed, new Client("1", new UnixDomainSocketEndPoint("/run/x"), "L", certificate: null));
        Assert.Equal("Resource R: a request from a Unix socket ended as failed", Assert.Single(_lines.Entries).Text);
    }

    [Fact]
    public void AProcessorThatKeepsThrowingLeavesOneStackPerTypeAndPeriod()
    {
        for (var i = 0; i < 10_000; i++)
            _log.Failed(new InvalidOperationException(i.ToString(CultureInfo.InvariantCulture)), Client("192.0.2.7"));
        _log.Failed(new FormatException("another"), Client("192.0.2.7"));
        _clock.Advance(LogThrottle<string>.Period);

        Assert.All(_lines.Entries, line => Assert.Equal(LogLevel.Error, line.Level));
        Assert.Equal(["0", "another", "9999"], _lines.Entries.Select(line => line.Exception!.Message), StringComparer.Ordinal);
        Assert.Equal("Resource R: processor P failed 9999 more times within 10 s, the last time on a request of 1", _lines.Entries.Last().Text);
    }

    [Theory]
    [InlineData(Outcome.Ok, 0)]
    [InlineData(Outcome.Abandoned, 0)]
    [InlineData(Outcome.Busy, 1)]
    [InlineData(Outcome.Timeout, 1)]
    [InlineData(Outcome.Unavailable, 1)]
    [InlineData(Outcome.Failed, 1)]
    [InlineData(Outcome.Malformed, 1)]
    [InlineData(Outcome.TooLarge, 1)]
    internal void ARouteTellsWhatIsNotAsItShouldBe(Outcome outcome, int lines)
    {
        using var bench = new ProcessorBench((_, _) => default);
        var route = new Route(bench.Shared);
        route.Count(outcome, Client("192.0.2.7"));
        Assert.Equal(1, route.CountOf(outcome));
        Assert.Equal(lines, bench.Log.Entries.Count);
    }

    private static Client Client(string address) => new("1", new IPEndPoint(IPAddress.Parse(address), 5000), "L", certificate: null);

    private static long CountOf(string line) =>
        line.Split("Resource R: ")[1].Split(' ')[0] is var word && word == "a" ? 1 : long.Parse(word, CultureInfo.InvariantCulture);
}
