using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace SocketSync.Tests;

/// <summary>docs/socketsync.1 says of each command and option what the command line knows, and nothing else; --help has examples.</summary>
public sealed partial class ManualTests
{
    private const string Program = "SocketSync.Server";

    /// <summary>Options of any ASP.NET Core host, and the form of a key.</summary>
    private static readonly string[] OfTheHost = ["--urls", "--http_ports", "--https_ports", "--environment", "--Section"];

    private readonly RootCommand _root = ServerCommandLine.Build();
    private readonly string _manual = SourceFiles.Document("docs/socketsync.1").Replace(@"\-", "-", StringComparison.Ordinal);

    [Fact]
    public void HasEachCommandAndNoOther() => Assert.Equal(
        _root.Subcommands.Select(command => command.Name).Order(StringComparer.Ordinal), Sections().Keys.Order(StringComparer.Ordinal), StringComparer.Ordinal);

    [Fact]
    public void HasEachOptionOfEachCommandAndNoOther()
    {
        AssertHas("OPTIONS", [.. _root.Options], Between(".SH OPTIONS", ".SH "));
        foreach (var (name, section) in Sections())
        {
            var command = _root.Subcommands.Single(command => command.Name == name);
            // The kinds of a command stand together in its section.
            AssertHas(name, [.. command.Options, .. command.Subcommands.SelectMany(kind => kind.Options)], section);
            var heading = section.Split('\n')[0];
            foreach (var argument in command.Arguments) Assert.Contains(argument.Name, heading, StringComparison.Ordinal);
            foreach (var kind in command.Subcommands) Assert.Contains($"\n.B {kind.Name}\n", section, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void MentionsNoOptionThatNobodyKnows()
    {
        var known = All(_root).SelectMany(command => command.Options).Select(option => option.Name).Concat(OfTheHost).ToHashSet(StringComparer.Ordinal);
        Assert.All(LongOption().Matches(_manual).Select(match => match.Value), option => Assert.Contains(option, known));
    }

    [Fact]
    public void ItsExamplesAreUnderstoodAndLeaveNoCommandOut()
    {
        var examples = Between(".SH EXAMPLES", ".fi").Split('\n').Where(line => line.StartsWith(Program, StringComparison.Ordinal)).ToList();
        Assert.All(examples, AssertUnderstood);
        Assert.All(_root.Subcommands, command => Assert.Contains(examples, example => example.StartsWith($"{Program} {command.Name} ", StringComparison.Ordinal)));
    }

    [Fact]
    public void HelpHasAnExampleOfEachCommand() => Assert.All(All(_root), command =>
    {
        var examples = ExampleLine().Matches(command.Description ?? "").Select(match => match.Groups["line"].Value.Trim()).Where(line => line.Length > 0).ToList();
        Assert.True(examples.Count > 0, $"{command.Name} has no example");
        Assert.All(examples, AssertUnderstood);
    });

    [Theory]
    [InlineData("NAME")]
    [InlineData("SYNOPSIS")]
    [InlineData("DESCRIPTION")]
    [InlineData("EXIT STATUS")]
    [InlineData("SIGNALS")]
    [InlineData("ENVIRONMENT")]
    [InlineData("FILES")]
    [InlineData("COMPLETION")]
    public void HasTheSection(string heading) => Assert.NotEmpty(Between($".SH {heading}\n", ".SH "));

    private void AssertUnderstood(string example)
    {
        var words = CommandLineParser.SplitCommandLine(example).SkipWhile(word => word == Program).Where(word => !word.StartsWith('>')).ToArray();
        var parsed = _root.Parse(words);
        Assert.True(parsed.Errors.Count == 0 && parsed.UnmatchedTokens.Count == 0, $"{example}: {string.Join("; ", parsed.Errors.Select(e => e.Message).Concat(parsed.UnmatchedTokens))}");
    }

    private static void AssertHas(string where, IReadOnlyCollection<Option> options, string section)
    {
        var lines = OptionLine().Matches(section).Select(match => match.Value).ToList();
        var said = lines.SelectMany(line => AnyOption().Matches(line)).Select(match => match.Value).ToHashSet(StringComparer.Ordinal);
        var known = options.SelectMany(option => option.Aliases.Prepend(option.Name)).Where(name => name.StartsWith('-')).ToHashSet(StringComparer.Ordinal);
        Assert.True(known.SetEquals(said), $"{where}: the command line knows {string.Join(' ', known)}, the manual says {string.Join(' ', said)}");
        foreach (var option in options.Where(option => option.HelpName is not null))
            Assert.Contains(lines, line => line.Contains($"{option.Name} \" {option.HelpName}\"", StringComparison.Ordinal));
    }

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);

    private Dictionary<string, string> Sections() => Between(".SH COMMANDS\n", ".SH ").Split("\n.SS ").Skip(1)
        .ToDictionary(section => section.Split(' ', '\n')[0], StringComparer.Ordinal);

    private string Between(string start, string end)
    {
        var from = _manual.IndexOf(start, StringComparison.Ordinal);
        Assert.True(from >= 0, $"there is no {start}");
        from += start.Length - 1;
        return _manual[from..(_manual.IndexOf(end, from, StringComparison.Ordinal) is >= 0 and var to ? to : _manual.Length)];
    }

    /// <summary>The line below .TP that an option's text hangs on.</summary>
    [GeneratedRegex(@"(?<=^\.TP\n)\.B[IR]? -.*$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex OptionLine();

    [GeneratedRegex(@"(?<=\s)--?[A-Za-z?][A-Za-z_-]*", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex AnyOption();

    [GeneratedRegex("--[A-Za-z][A-Za-z_-]*", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex LongOption();

    [GeneratedRegex(@"(^|\n)(Example:|  )(?<line>.+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ExampleLine();
}
