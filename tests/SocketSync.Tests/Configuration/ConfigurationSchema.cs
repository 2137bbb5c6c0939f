using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace SocketSync.Tests;

/// <summary>
/// Makes the schema of the configuration from the options' types and comments, so that an editor completes and explains each key:
/// JSON Schema, draft 7, which all of them know.
/// </summary>
internal sealed partial class ConfigurationSchema
{
    private const string Time = "^(0|-?(\\d+\\.)?\\d{1,2}:\\d{2}:\\d{2}(\\.\\d{1,7})?)$";

    private readonly Dictionary<string, XElement> _comments;

    private ConfigurationSchema(XDocument comments) => _comments = comments.Descendants("member").ToDictionary(
        member => member.Attribute("name")!.Value, member => member, StringComparer.Ordinal);

    /// <param name="comments">The library's comments, as the compiler writes them.</param>
    public static string Make(XDocument comments)
    {
        var maker = new ConfigurationSchema(comments);
        var section = maker.Section(typeof(SocketSyncOptions));
        section["description"] = "What SocketSync serves.";
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "SocketSync's configuration: appsettings.json",
            ["type"] = "object",
            ["properties"] = new JsonObject { [SocketSyncOptions.SectionName] = section },
        };
        return schema.ToJsonString(new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" }) + "\n";
    }

    private JsonObject Section(Type options)
    {
        var defaults = Activator.CreateInstance(options)!;
        var properties = new JsonObject();
        foreach (var key in KnownKeys.Of(options).Values)
        {
            var schema = Of(key);
            if (Comment($"P:{key.Property.DeclaringType!.FullName}.{key.Name}") is { } comment) schema["description"] = comment;
            if (!schema.ContainsKey("properties") && Default(key.Property.GetValue(defaults)) is { } value) schema["default"] = value;
            properties[key.Name] = schema;
        }

        var section = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (Comment($"T:{options.FullName}") is { } text) section["description"] = text;
        return section;
    }

    private JsonObject Of(KnownKey key)
    {
        var type = key.Type;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>))
        {
            var entry = type.GenericTypeArguments[1];
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = ConfigurationValue.IsScalar(entry) ? Scalar(entry, key.Rules, isOptional: true) : Section(entry) };
        }

        if (type == typeof(IReadOnlyList<string>)) return new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" } };
        if (type == typeof(object)) return new JsonObject { ["type"] = "object" };
        if (KnownKey.SectionListed(type) is { } listed) return new JsonObject { ["type"] = "array", ["items"] = Section(listed) };
        var bare = Nullable.GetUnderlyingType(type) ?? type;
        return ConfigurationValue.IsScalar(type) ? Scalar(bare, key.Rules, key.IsOptional) : Section(bare);
    }

    private static JsonObject Scalar(Type type, IReadOnlyList<ValidationAttribute> rules, bool isOptional)
    {
        if (type.IsEnum) return new JsonObject { ["enum"] = new JsonArray([.. Enum.GetNames(type).Select(name => (JsonNode)name), .. isOptional ? [null] : Array.Empty<JsonNode?>()]) };
        var (name, schema) = (type == typeof(bool) ? "boolean" : type == typeof(string) || type == typeof(TimeSpan) ? "string" : "integer", new JsonObject());
        var mayBeZero = rules.OfType<DurationAttribute>().Any(rule => rule.ZeroIsOff);
        string[] names = [name, .. mayBeZero ? ["integer"] : Array.Empty<string>(), .. isOptional ? ["null"] : Array.Empty<string>()];
        schema["type"] = names.Length == 1 ? names[0] : new JsonArray([.. names.Select(one => (JsonNode)one)]);
        if (type == typeof(TimeSpan)) schema["pattern"] = Time;
        if (rules.OfType<RangeAttribute>().FirstOrDefault() is { } range)
        {
            schema["minimum"] = Convert.ToInt64(range.Minimum, CultureInfo.InvariantCulture);
            if (range.Maximum is not int.MaxValue) schema["maximum"] = Convert.ToInt64(range.Maximum, CultureInfo.InvariantCulture);
        }
        else if (mayBeZero)
        {
            (schema["minimum"], schema["maximum"]) = (0, 0);
        }

        return schema;
    }

    private static JsonNode? Default(object? value) => value switch
    {
        bool flag => flag,
        int number => number,
        long number => number,
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        string text => text,
        Enum name => name.ToString(),
        _ => null,
    };

    private string? Comment(string member)
    {
        if (!_comments.TryGetValue(member, out var comment) || comment.Element("summary") is not { } summary) return null;
        var text = string.Concat(summary.Nodes().Select(node => node switch
        {
            XText words => words.Value,
            XElement { Name.LocalName: "see" } see => see.Attribute("cref")?.Value.Split('.')[^1].Split('(')[0] ?? see.Attribute("langword")?.Value ?? "",
            XElement element => element.Value,
            _ => "",
        }));
        return Space().Replace(text, " ").Trim();
    }

    [GeneratedRegex("\\s+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Space();
}
