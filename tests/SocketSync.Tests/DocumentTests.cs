using System.Text.RegularExpressions;

namespace SocketSync.Tests;

/// <summary>The README is short, and whoever follows a link of a document comes to something.</summary>
public sealed partial class DocumentTests
{
    private const int LongestReadme = 250;
    private const string Recipes = "docs/recipes/";

    public static TheoryData<string> Documents => [.. SourceFiles.Documents().Select(document => document.Path)];

    [Fact]
    public void TheReadmeIsShort() => Assert.InRange(SourceFiles.Document("README.md").Count(c => c == '\n'), 1, LongestReadme - 1);

    [Theory]
    [MemberData(nameof(Documents))]
    public void EachLinkLeadsToWhatExists(string document)
    {
        var astray = Links(document).Where(link => !IsThere(document, link)).ToList();
        Assert.Empty(astray);
    }

    [Fact]
    public void EachRecipeIsInTheIndexUnderItsHeading()
    {
        var index = SourceFiles.Document(Recipes + "README.md");
        var listed = Row().Matches(index).Select(match => $"{match.Groups["page"].Value}: {match.Groups["heading"].Value}");
        var pages = SourceFiles.Documents().Where(document => document.Path.StartsWith(Recipes, StringComparison.Ordinal) && !document.Path.EndsWith("/README.md", StringComparison.Ordinal))
            .Select(document => $"{Path.GetFileName(document.Path)}: {document.Text[2..document.Text.IndexOf('\n', StringComparison.Ordinal)]}");
        Assert.Equal(pages.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    /// <summary>A page that nothing leads to is found by nobody.</summary>
    [Fact]
    public void EachDocumentIsLinked()
    {
        var linked = SourceFiles.Documents()
            .SelectMany(document => Links(document.Path).Select(link => Target(document.Path, link.Split('#')[0])))
            .Append("README.md").ToHashSet(StringComparer.Ordinal);
        Assert.All(SourceFiles.Documents(), document => Assert.Contains(document.Path, linked));
    }

    /// <summary>Those that lead to files of the repository.</summary>
    private static IEnumerable<string> Links(string document) => Link().Matches(Code().Replace(Prose(document), ""))
        .Select(match => match.Groups["to"].Value)
        .Where(link => !link.Contains("://", StringComparison.Ordinal));

    private static bool IsThere(string document, string link)
    {
        var parts = link.Split('#', 2);
        var target = parts[0].Length == 0 ? document : Target(document, parts[0]);
        return SourceFiles.Exists(target) && (parts.Length == 1 || Anchors(target).Contains(parts[1], StringComparer.Ordinal));
    }

    private static string Target(string document, string link) =>
        Path.GetRelativePath("/", Path.GetFullPath(Path.Combine("/", Path.GetDirectoryName(document)!, link)));

    /// <summary>The names that GitHub gives to the headings of a document.</summary>
    private static IEnumerable<string> Anchors(string document) => Heading().Matches(Prose(document))
        .Select(match => NotInAnchors().Replace(LinkedText().Replace(match.Groups["text"].Value, "${text}"), "").ToLowerInvariant().Replace(' ', '-'))
        .GroupBy(anchor => anchor, StringComparer.Ordinal)
        .SelectMany(same => same.Select((anchor, index) => index == 0 ? anchor : $"{anchor}-{index}"));

    private static string Prose(string document) => Block().Replace(SourceFiles.Document(document), "");

    [GeneratedRegex(@"^ *```.*?^ *```$", RegexOptions.Singleline | RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Block();

    [GeneratedRegex("`[^`\n]*`", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\((?<to>[^)\s]+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Link();

    [GeneratedRegex(@"\[(?<text>[^\]]*)\]\([^)]*\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex LinkedText();

    [GeneratedRegex(@"^#+ (?<text>.+)$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NotInAnchors();

    [GeneratedRegex(@"^\| \[(?<heading>[^\]]+)\]\((?<page>[^)]+)\) \|", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Row();
}
