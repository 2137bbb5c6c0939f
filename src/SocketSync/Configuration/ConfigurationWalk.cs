using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>
/// Walks a configuration section alongside the options type that it is bound to, and reports each key as valid or as a
/// problem. Dependencies between two keys are left to the rule classes.
/// </summary>
/// <param name="findings">Collects the valid values and the problems.</param>
/// <param name="lists">The paths of the sections that are known to have been written as a list.</param>
internal sealed class ConfigurationWalk(ConfigurationFindings findings, HashSet<string> lists)
{
    public void Section(IConfigurationSection section, Type options)
    {
        var known = KnownKeys.Of(options);
        if (!string.IsNullOrEmpty(section.Value))
        {
            findings.Report(section.Path, null, $"must be a section, not a value; its keys are {string.Join(", ", known.Keys)}");
            return;
        }

        findings.Sections.Add(section.Path);
        foreach (var child in section.GetChildren())
        {
            if (known.TryGetValue(child.Key, out var key)) Known(child, key);
            else findings.Report(child.Path, null, $"is not a known key; {KnownKeys.Suggest(child.Key, known.Keys, section.Path + ":")}");
        }
    }

    private void Known(IConfigurationSection section, KnownKey key)
    {
        var type = key.Type;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>)) Named(section, key, type.GenericTypeArguments[1]);
        else if (type == typeof(IReadOnlyList<string>)) List(section, key);
        else if (KnownKey.SectionListed(type) is { } listed) Sections(section, listed);
        else if (type == typeof(object)) findings.Sections.Add(section.Path); // whose it is, checks it
        else if (ConfigurationValue.IsScalar(type)) Scalar(section, key, Nullable.GetUnderlyingType(type) ?? type);
        else Section(section, type);
    }

    private void Named(IConfigurationSection section, KnownKey key, Type options)
    {
        var isScalar = ConfigurationValue.IsScalar(options);
        if (!string.IsNullOrEmpty(section.Value))
        {
            findings.Report(section.Path, section.Value, $"must be a section that holds one {(isScalar ? "value" : "section")} for each name");
            return;
        }

        if (lists.Contains(section.Path))
        {
            findings.Report(section.Path, null, $"must be a section that holds one {(isScalar ? "value" : "section")} for each name, not a list");
            return;
        }

        if (isScalar)
        {
            foreach (var child in section.GetChildren()) Scalar(child, key, options);
            return;
        }

        foreach (var child in section.GetChildren())
        {
            if (child.Key.Length == 0 || !child.Key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                findings.Report(child.Path, child.Key, "a name consists of the letters A to Z, digits, '-', '_' and '.'");
            findings.Give(child.Path, null); // Makes the binder create the entry even if its section is empty.
            Section(child, options);
        }
    }

    // A single section in the place of a list, too, is told by its keys, which are no numbers.
    private void Sections(IConfigurationSection section, Type options)
    {
        if (!string.IsNullOrEmpty(section.Value))
        {
            findings.Report(section.Path, section.Value, $"must be a list of sections, such as [ {{ \"{KnownKeys.Of(options).Keys.First()}\": … }} ]");
            return;
        }

        foreach (var child in section.GetChildren())
        {
            if (!IsIndex(child.Key))
            {
                findings.Report(child.Path, null, $"is not a known key; {section.Path} is a list of sections, which are numbered from 0, so that this key would be {section.Path}:0:{child.Key}");
                continue;
            }

            findings.AddEntry(section.Path, child.Path);
            findings.Give(child.Path, null); // Makes the binder create the entry even if none of its keys is valid.
            Section(child, options);
        }
    }

    // Written in one way only: "0" and "00" would be two entries with one place.
    private static bool IsIndex(string key) =>
        int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && key.Equals(index.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private void List(IConfigurationSection section, KnownKey key)
    {
        if (!string.IsNullOrEmpty(section.Value))
            findings.Report(section.Path, section.Value, $"must be a list, such as [\"{section.Value}\"]");
        foreach (var child in section.GetChildren())
        {
            if (int.TryParse(child.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _)) Scalar(child, key, typeof(string));
            else findings.Report(child.Path, null, $"is not a known key; {section.Path} is a list, whose entries are numbered from 0");
        }
    }

    private void Scalar(IConfigurationSection section, KnownKey key, Type type)
    {
        if (section.GetChildren().Any())
        {
            findings.Report(section.Path, null, "must be one value, not a section or a list");
            return;
        }

        if (section.Value is not { } text) return;

        // An environment variable cannot be null: an empty value means null for an optional key.
        if (text.Length == 0 && type == typeof(string) && key.IsOptional && !key.Rules.OfType<EscapedAttribute>().Any()) return;

        var shown = key.IsSecret ? null : text;
        if (!ConfigurationValue.TryParse(text, type, out var value))
            findings.Report(section.Path, shown, ConfigurationValue.Allowed(text, type, key.Rules));
        else if (key.Rules.Select(r => ConfigurationValue.Broken(r, value)).FirstOrDefault(b => b is not null) is { } broken)
            findings.Report(section.Path, shown, broken);
        else
            findings.Give(section.Path, ConfigurationValue.Format(value));
    }
}
