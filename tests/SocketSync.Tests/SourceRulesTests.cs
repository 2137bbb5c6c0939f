using System.Text.RegularExpressions;

namespace SocketSync.Tests;

/// <summary>Rules of the house that the compiler does not know.</summary>
public sealed partial class SourceRulesTests
{
    private const int LongestFile = 350;

    /// <summary>Operators filter logs by id: two events must not share one.</summary>
    [Fact]
    public void EventIdsAreGivenAndUnique()
    {
        var events = SourceFiles.Of("src").SelectMany(file => LogMessage().Matches(file.Text).Select(match => (file.Path, Id: match.Groups["id"].Value))).ToList();
        Assert.True(events.Count > 40, "the log messages are found");
        Assert.All(events, e => Assert.True(e.Id.Length > 0, $"{e.Path}: a log message has no event id"));
        Assert.Empty(events.GroupBy(e => e.Id, StringComparer.Ordinal).Where(same => same.Count() > 1)
            .Select(same => $"{same.Key} in {string.Join(" and ", same.Select(e => Path.GetFileName(e.Path)))}"));
    }

    /// <summary>
    /// A task that nobody awaits is observed (<c>BackgroundTasks.Observe</c>), so that no exception of it passes unseen. The one
    /// exception is on the path of every relayed request, and throws nothing by construction.
    /// </summary>
    [Fact]
    public void NothingIsStartedAndForgotten()
    {
        var forgotten = SourceFiles.Of("src").SelectMany(file => ForgottenTask().Matches(file.Text).Select(match => $"{Path.GetFileName(file.Path)}: {match.Value.Trim()}"));
        Assert.Empty(forgotten);
    }

    [Fact]
    public void NoFileIsTooLongToRead() =>
        Assert.Empty(SourceFiles.Of("src")
            .Select(file => (file.Path, Lines: file.Text.Count(c => c == '\n')))
            .Where(file => file.Lines > LongestFile)
            .Select(file => $"{Path.GetFileName(file.Path)} has {file.Lines} lines"));

    /// <summary>docs/architecture.md leads a reader to files: those that it names exist, and each folder it draws.</summary>
    [Fact]
    public void TheArchitectureDocumentNamesWhatExists()
    {
        var text = SourceFiles.Document("docs/architecture.md");
        var files = SourceFiles.Of("src").Select(file => file.Path).ToList();
        var names = files.Select(Path.GetFileName).ToHashSet(StringComparer.Ordinal);
        var named = FileName().Matches(text).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal).ToList();
        Assert.True(named.Count > 20, "the file names are found");
        Assert.All(named, name => Assert.Contains(name, names));

        var library = Path.Combine("src", "SocketSync");
        var folders = files.Select(path => Path.GetDirectoryName(path)!).Where(folder => Path.GetDirectoryName(folder)!.EndsWith(library, StringComparison.Ordinal))
            .Select(folder => Path.GetFileName(folder)!).Distinct(StringComparer.Ordinal).ToList();
        Assert.Equal(
            folders.Order(StringComparer.Ordinal),
            DrawnFolder().Matches(text).Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [GeneratedRegex(@"`(?<name>[\w.]+\.cs)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex FileName();

    [GeneratedRegex(@"^ +│ (?<name>[A-Z][a-z]+) ", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex DrawnFolder();

    [GeneratedRegex(@"LoggerMessage\((?<id>\d*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex LogMessage();

    /// <summary>A call of an asynchronous method, or of Task.Run, whose task is thrown away.</summary>
    [GeneratedRegex(@"(=>|^)\s*_ = (?!await)[\w.!?]*(Async|Task\.Run)\(.*$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ForgottenTask();
}
