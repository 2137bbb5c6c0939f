using Spectre.Console;

namespace SocketSync.Tests;

/// <summary>What people see of a server's status.</summary>
public sealed class StatusTableTests
{
    private static readonly ShownStatus s_status = new()
    {
        Resources = new Dictionary<string, ShownResource>(StringComparer.Ordinal)
        {
            ["Meter"] = new() { State = "Unavailable", Link = new("Down", "tcp 192.0.2.10:502: connection refused"), Completed = 1000, Refused = 3, Failed = 4 },
            ["Bench"] = new() { State = "Busy", Turn = new("C1", "192.0.2.1:4711", 61.5), QueueLength = 12, OldestWaitSeconds = 2.4, Completed = 5000 },
        },
        Listeners = new Dictionary<string, ShownListener>(StringComparer.Ordinal) { ["Bench"] = new("*", 5025, 13, 20, 1), ["Local"] = new("/run/bench.sock", null, 0, 0, 0) },
    };

    [Fact]
    public void AProgramGetsOneLineForEachWithoutLinesOrColours() => Assert.Equal(
        [
            "RESOURCE STATE       TURN                   WAITING   LINK                                         ANSWERED REFUSED FAILED",
            "Bench    Busy        192.0.2.1:4711 0:01:01 12, 2.4 s -                                               5,000       0      0",
            "Meter    Unavailable -                      -         Down: tcp 192.0.2.10:502: connection refused    1,000       3      4",
            "LISTENER ADDRESS         CLIENTS ACCEPTED REJECTED",
            "Bench    *:5025               13       20        1",
            "Local    /run/bench.sock       0        0        0",
        ],
        Draw(s_status, 400, isPlain: true));

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public void ItFitsTheTerminalAndNoNameIsBroken(int width)
    {
        var lines = Draw(s_status, width, isPlain: false);
        Assert.All(lines, line => Assert.True(line.Length <= width, line));
        Assert.Contains(lines, line => line.Contains("Unavailable", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("192.0.2.1:4711 0:01:01", StringComparison.Ordinal));
        Assert.Equal(width >= 76, lines.Any(line => line.Contains("LINK", StringComparison.Ordinal)));
        Assert.Equal(width >= 110, lines.Any(line => line.Contains("ANSWERED", StringComparison.Ordinal)));
    }

    [Fact]
    public void WatchedItShowsRates()
    {
        var before = s_status with
        {
            Resources = new Dictionary<string, ShownResource>(StringComparer.Ordinal) { ["Bench"] = new() { Completed = 3000 }, ["Meter"] = new() { Completed = 9999 } },
        };
        var lines = Draw(s_status, 400, isPlain: true, (before, TimeSpan.FromSeconds(2)));
        Assert.Contains("PER SECOND", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^Bench .* 1,000 +0 +0$", lines[1]);
        Assert.Matches(@"^Meter .* - +3 +4$", lines[2]); // started again meanwhile
    }

    [Fact]
    public void NodesAreShownWhereThereAreSome()
    {
        var lines = Draw(
            new()
            {
                Resources = new Dictionary<string, ShownResource>(StringComparer.Ordinal) { ["R"] = new() { State = "Idle", Node = "a" }, ["S"] = new() { State = "Unavailable" } },
                Nodes = new Dictionary<string, ShownNode>(StringComparer.Ordinal) { ["a"] = new("Up", "0.1.0", 1, 5) },
            },
            400, isPlain: true);
        Assert.Matches("^R +Idle +- +- +a +-", lines[1]);
        Assert.Matches("^S +Unavailable +- +- +nobody +-", lines[2]);
        Assert.Matches(@"^a +Up +0\.1\.0 +1 +5$", lines[^1]);
    }

    [Fact]
    public void WhatAClientCausesCannotForgeALineOrMarkUp()
    {
        var lines = Draw(
            new() { Resources = new Dictionary<string, ShownResource>(StringComparer.Ordinal) { ["R"] = new() { State = "Busy", Turn = new("C", "[red]a\n\u001b[31mb", 1) } } },
            400, isPlain: true);
        Assert.Equal(2, lines.Count);
        Assert.Contains("[red]a", lines[1], StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', lines[1]);
    }

    private static List<string> Draw(ShownStatus status, int width, bool isPlain, (ShownStatus, TimeSpan)? before = null)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = width;
        console.Write(StatusTable.Draw(status, before, width, isPlain));
        return [.. text.ToString().Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0)];
    }
}
