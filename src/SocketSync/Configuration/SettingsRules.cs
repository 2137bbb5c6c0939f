using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>
/// Validates section <c>Settings</c> of each resource by the type that its processor was added with: an unknown key, a value that
/// cannot be read, and what the type's own attributes forbid.
/// </summary>
/// <param name="findings">Collects the problems.</param>
/// <param name="parts">Knows the types.</param>
/// <param name="configuration">The whole configuration.</param>
internal sealed partial class SettingsRules(ConfigurationFindings findings, HostParts parts, IConfiguration configuration)
{
    private static readonly string[] Secret = ["password", "secret", "token", "key", "credential"];

    /// <summary>The full path of the section.</summary>
    public static string PathOf(string resource) =>
        $"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.Resources)}:{resource}:{nameof(ResourceOptions.Settings)}";

    /// <returns>The options, each resource with the text of its settings.</returns>
    public SocketSyncOptions Check(SocketSyncOptions options)
    {
        var resources = new Dictionary<string, ResourceOptions>(options.Resources, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, resource) in options.Resources)
        {
            var section = configuration.GetSection(PathOf(name));
            if (parts.SettingsOf(resource.Processor) is { } type)
            {
                Check(section, type);
                resources[name] = resource with { SettingsText = Text(section) };
            }
            else if (section.Exists())
            {
                findings.Report(section.Path, null, $"is for processors that were added with settings, not for {resource.Processor}; leave it out");
            }
        }

        return options with { Resources = resources };
    }

    private void Check(IConfigurationSection section, Type type)
    {
        if (!string.IsNullOrEmpty(section.Value))
        {
            findings.Report(section.Path, null, $"must be a section, not a value; its keys are {string.Join(", ", Names(type))}");
            return;
        }

        CheckNames(section, type);
        if (findings.IsFaultyBelow(section.Path))
            return;
        try
        {
            var settings = Activator.CreateInstance(type)!;
            section.Bind(settings);
            CheckRules(section, settings);
        }
        catch (InvalidOperationException exception)
        {
            Report(section.Path, exception.Message);
        }
    }

    /// <summary>The binder names the value, its key and the type in a sentence; where it says something else, that is told as it is.</summary>
    private void Report(string section, string message)
    {
        if (Unreadable().Match(message) is not { Success: true } match)
        {
            findings.Report(section, null, message);
            return;
        }

        var (key, type) = (match.Groups["key"].Value, match.Groups["type"].Value);
        findings.Report(key, IsSecret(key[(key.LastIndexOf(':') + 1)..]) ? null : match.Groups["value"].Value, type switch
        {
            "System.Int32" or "System.Int64" or "System.Int16" or "System.Byte" => "must be a whole number",
            "System.Double" or "System.Decimal" or "System.Single" => "must be a number",
            "System.Boolean" => "must be true or false",
            "System.TimeSpan" => "must be a time written hh:mm:ss, such as 00:00:05",
            _ => $"must be a {type[(type.LastIndexOf('.') + 1)..]}",
        });
    }

    [GeneratedRegex("^Failed to convert configuration value '(?<value>.*)' at '(?<key>[^']*)' to type '(?<type>[^']*)'", RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Unreadable();

    /// <remarks>Values that stand for themselves, lists and dictionaries have no names to check.</remarks>
    private void CheckNames(IConfigurationSection section, Type type)
    {
        var known = Names(type);
        foreach (var child in section.GetChildren())
        {
            if (known.FirstOrDefault(name => name.Equals(child.Key, StringComparison.OrdinalIgnoreCase)) is not { } name)
                findings.Report(child.Path, null, $"is not a known key; {KnownKeys.Suggest(child.Key, known, section.Path + ":")}");
            else if (type.GetProperty(name)!.PropertyType is { IsClass: true } inner && inner != typeof(string) && !typeof(System.Collections.IEnumerable).IsAssignableFrom(inner)
                     && inner.Namespace?.StartsWith("System", StringComparison.Ordinal) != true)
                CheckNames(child, inner);
        }
    }

    private void CheckRules(IConfigurationSection section, object settings)
    {
        var broken = new List<ValidationResult>();
        Validator.TryValidateObject(settings, new ValidationContext(settings), broken, validateAllProperties: true);
        foreach (var rule in broken)
        {
            var member = rule.MemberNames.FirstOrDefault();
            var key = member is null ? section.Path : ConfigurationPath.Combine(section.Path, member);
            findings.Report(key, member is null || IsSecret(member) ? null : section[member], rule.ErrorMessage ?? "is not allowed");
        }
    }

    private static bool IsSecret(string name) => Array.Exists(Secret, word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static List<string> Names(Type type) =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => property.Name)];

    private static string Text(IConfigurationSection section) =>
        string.Join('\n', section.AsEnumerable().Where(pair => pair.Value is not null).OrderBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase).Select(pair => $"{pair.Key}={pair.Value}"));
}
