using System.Text.RegularExpressions;

namespace SocketSync.Tests;

/// <summary>What docs/configuration.md says of the protocols is what the catalogue says.</summary>
public partial class ProtocolDocumentTests
{
    [Fact]
    public void TheTableOfProtocolsIsThatOfTheCatalogue()
    {
        var document = SourceFiles.Document("docs/configuration.md");
        var chapter = document.Split("\n## Protocols\n")[1].Split("\n#")[0];
        var rows = chapter.Split('\n').Where(line => line.StartsWith('|')).Skip(2)
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Select(cells => (Name: cells[1], Settings: Names().Matches(cells[3]).Select(m => m.Groups["name"].Value), Errors: cells[4]));
        var documented = rows.Select(row => $"{row.Name} [{string.Join(", ", row.Settings)}] {row.Errors}");

        var defined = ProtocolCatalog.All.Select(d => $"`{d.Name}` [{string.Join(", ", d.Settings)}] {Words(d.Errors)}");

        Assert.Equal(string.Join('\n', defined), string.Join('\n', documented));
    }

    [Fact]
    public void TheTranslationsAreNamed()
    {
        var document = SourceFiles.Document("docs/configuration.md");
        var row = document.Split('\n').Single(line => line.StartsWith("| `Protocol:Name` | the clients'", StringComparison.Ordinal));
        Assert.All(ProtocolCatalog.All, d => Assert.Equal(d.IsTranslatedTo(d), row.Contains($"`{d.Name}`", StringComparison.Ordinal)));
    }

    // A name in code, but for escapes, which begin with a backslash.
    [GeneratedRegex(@"`(?<name>[A-Z]\w+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Names();

    private static string Words(ErrorReply errors) => errors switch
    {
        ErrorReply.Closing => "closing",
        ErrorReply.Line => "a line",
        ErrorReply.ModbusException => "a Modbus exception",
        _ => throw new ArgumentOutOfRangeException(nameof(errors), errors, null),
    };
}
