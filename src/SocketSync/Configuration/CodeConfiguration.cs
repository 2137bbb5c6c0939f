using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>
/// What a host sets in code, as keys below all sources of its configuration: so a file, the environment and the command line stand over
/// it key by key, and everything else treats it as if the file had said it.
/// </summary>
/// <remarks>No source itself: one that is put before others makes .NET read all of them again, which not each can be.</remarks>
internal sealed class CodeConfiguration
{
    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };

    private readonly Dictionary<string, string?> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The keys that were set, by their full paths.</summary>
    public IReadOnlyDictionary<string, string?> Values => _values;

    /// <summary>Adds what differs from the defaults.</summary>
    /// <param name="path">The section's full path.</param>
    /// <param name="options">The options, whose properties are the section's keys.</param>
    public void Add(string path, object options) => Add(path, options, standsIn: false);

    /// <param name="path">The section's full path.</param>
    /// <param name="options">The options.</param>
    /// <param name="standsIn">Without the section something else would hold, so that its defaults count as said, too.</param>
    private void Add(string path, object options, bool standsIn)
    {
        _values.TryAdd(path, null); // so that the section is there even if all of it is default
        var defaults = Activator.CreateInstance(options.GetType())!;
        foreach (var key in KnownKeys.Of(options.GetType()).Values)
        {
            var usual = key.Property.GetValue(defaults);
            if (key.Property.GetValue(options) is { } value && (standsIn || !value.Equals(usual)))
                AddValue(ConfigurationPath.Combine(path, key.Name), key.Type, value, standsIn: usual is null);
        }
    }

    private void AddValue(string path, Type type, object value, bool standsIn)
    {
        if (ConfigurationValue.IsScalar(type))
            _values[path] = ConfigurationValue.Format(value);
        else if (type == typeof(object))
            AddJson(path, JsonSerializer.SerializeToElement(value, value.GetType(), Json));
        else if (value is IDictionary named)
            foreach (DictionaryEntry entry in named) AddEntry(ConfigurationPath.Combine(path, (string)entry.Key), entry.Value!);
        else if (value is IEnumerable list)
            foreach (var (index, entry) in list.Cast<object>().Index()) AddEntry(ConfigurationPath.Combine(path, index.ToString(CultureInfo.InvariantCulture)), entry);
        else
            Add(path, value, standsIn && value is ProtocolOptions or Rs485Options);
    }

    private void AddEntry(string path, object entry)
    {
        if (ConfigurationValue.IsScalar(entry.GetType()))
            _values[path] = ConfigurationValue.Format(entry);
        else
            Add(path, entry);
    }

    /// <summary>As a JSON file would be read.</summary>
    private void AddJson(string path, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object)
            foreach (var property in element.EnumerateObject()) AddJson(ConfigurationPath.Combine(path, property.Name), property.Value);
        else if (element.ValueKind == JsonValueKind.Array)
            foreach (var (index, entry) in element.EnumerateArray().Index()) AddJson(ConfigurationPath.Combine(path, index.ToString(CultureInfo.InvariantCulture)), entry);
        else if (element.ValueKind != JsonValueKind.Null)
            _values[path] = element.ToString();
    }
}
