using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace SocketSync.Tests;

/// <summary>docs/appsettings.schema.json against the options that the reader knows.</summary>
public partial class ConfigurationSchemaTests
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private static string Path => SourceFiles.PathTo("docs/appsettings.schema.json");

    /// <summary>With SOCKETSYNC_WRITE_SCHEMA=1 it is written anew.</summary>
    [Fact]
    public void IsWhatTheOptionsAre()
    {
        var schema = ConfigurationSchema.Make(XDocument.Load(System.IO.Path.Combine(AppContext.BaseDirectory, "SocketSync.xml")));
        if (Environment.GetEnvironmentVariable("SOCKETSYNC_WRITE_SCHEMA") == "1") File.WriteAllText(Path, schema);
        Assert.Equal(schema, File.ReadAllText(Path));
    }

    [Fact]
    public void ExplainsEveryKey()
    {
        Assert.Empty(Unexplained(JsonNode.Parse(File.ReadAllText(Path))!, ""));

        static IEnumerable<string> Unexplained(JsonNode schema, string path)
        {
            foreach (var (name, key) in schema["properties"]?.AsObject() ?? [])
            {
                if (key!["description"] is null) yield return $"{path}:{name}";
                foreach (var inner in Unexplained(key, $"{path}:{name}")) yield return inner;
            }

            if (schema["additionalProperties"] is JsonObject named)
            {
                foreach (var inner in Unexplained(named, $"{path}:NAME")) yield return inner;
            }

            if (schema["items"] is { } item)
            {
                foreach (var inner in Unexplained(item, $"{path}:0")) yield return inner;
            }
        }
    }

    [Fact]
    public void KnowsWhatTheShippedFileAndTheDocumentsSay()
    {
        var schema = JsonNode.Parse(File.ReadAllText(Path))!;
        var shipped = JsonNode.Parse(File.ReadAllText(SourceFiles.PathTo("appsettings.json")), documentOptions: Lenient)!.AsObject();
        Assert.Equal("docs/appsettings.schema.json", shipped["$schema"]!.GetValue<string>());
        AssertKnown(schema, shipped, "");
        var files = SourceFiles.Documents().SelectMany(document => JsonBlock().Matches(document.Text)).Select(block => block.Groups["json"].Value)
            .Where(json => json.StartsWith('{') && json.Contains("\"SocketSync\":", StringComparison.Ordinal)).ToList();
        Assert.True(files.Count > 12, "the recipes are found");
        Assert.All(files, file => AssertKnown(schema, JsonNode.Parse(file, documentOptions: Lenient)!, ""));
    }

    private static void AssertKnown(JsonNode schema, JsonNode? value, string path)
    {
        if (value is JsonArray list)
        {
            foreach (var item in list) AssertKnown(schema["items"]!, item, path);
            return;
        }

        if (value is not JsonObject section) return;
        foreach (var (name, inner) in section)
        {
            var known = schema["properties"]?[name] ?? schema["additionalProperties"] as JsonObject;
            if (known is not null) AssertKnown(known, inner, $"{path}:{name}");
            else Assert.True(path.Length == 0, $"{path}:{name} is not known"); // other sections are the host's
        }
    }

    [GeneratedRegex("```jsonc?\\n(?<json>.*?)\\n```", RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex JsonBlock();
}
