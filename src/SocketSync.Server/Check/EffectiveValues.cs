using System.Collections.Concurrent;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Configuration.Memory;

namespace SocketSync;

/// <summary>A value of the configuration that is not the default.</summary>
/// <param name="Key">The key's full path.</param>
/// <param name="Value">The value as it is shown.</param>
/// <param name="Source">Where it comes from: the file, the environment or the command line.</param>
internal sealed record EffectiveValue(string Key, string Value, string Source)
{
    public override string ToString() => $"{LogText.Escape(Key)} = {Value} ({Source})";
}

/// <summary>Finds the values that a valid configuration sets to something else than the default, and the source of each.</summary>
internal sealed class EffectiveValues
{
    private const string File = "file";
    private const string Environment = "environment";
    private const string CommandLine = "command line";

    /// <summary>Keys of the host that are no section, with the addresses of HTTP apart: of those only one counts.</summary>
    private static readonly string[] HostKeys = [HostNames.Key, HostDefaults.EnvironmentKey];

    private static readonly string[] AddressKeys = [WebHostDefaults.ServerUrlsKey, WebHostDefaults.HttpPortsKey, WebHostDefaults.HttpsPortsKey];

    /// <summary>What the server sets for Serilog where nothing is said.</summary>
    private static readonly Dictionary<string, string> SerilogDefaults = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Serilog:MinimumLevel"] = "Information",
        ["Serilog:MinimumLevel:Default"] = "Information",
        ["Serilog:MinimumLevel:Override:Microsoft"] = "Warning",
        ["Serilog:MinimumLevel:Override:System"] = "Warning",
    };

    private static readonly ConcurrentDictionary<Type, object> Defaults = new();

    private readonly IConfiguration _configuration;
    private readonly List<(IConfigurationProvider Provider, string Name)> _sources;
    private readonly HostConfiguration _host;
    private readonly List<EffectiveValue> _values = [];

    private EffectiveValues(IConfigurationRoot configuration, HostConfiguration host)
    {
        _configuration = ConfigurationSnapshot.Of(configuration);
        _sources = [.. configuration.Providers.Reverse().Select(provider => (provider, NameOf(provider)))];
        _host = host;
    }

    /// <param name="configuration">The whole configuration, with its sources.</param>
    /// <param name="host">What was read from it: it is valid.</param>
    public static IReadOnlyList<EffectiveValue> Of(IConfigurationRoot configuration, HostConfiguration host)
    {
        var found = new EffectiveValues(configuration, host);
        found.Section(found._configuration.GetSection(SocketSyncOptions.SectionName), typeof(SocketSyncOptions), standsIn: false);
        foreach (var key in AddressKeys.Where(key => host.Http.Any(endPoint => endPoint.Key.Equals(key, StringComparison.OrdinalIgnoreCase))).Concat(HostKeys))
            found.Foreign(found._configuration.GetSection(key));
        found.Foreign(found._configuration.GetSection("Kestrel"));
        found.Foreign(found._configuration.GetSection("Serilog"));
        return found._values;
    }

    /// <param name="section">A section that is bound to <paramref name="options"/>.</param>
    /// <param name="options">Its keys and their defaults.</param>
    /// <param name="standsIn">Without the section something else would hold, so that whatever is in it is not the default.</param>
    private void Section(IConfigurationSection section, Type options, bool standsIn)
    {
        var known = KnownKeys.Of(options);
        foreach (var child in section.GetChildren())
        {
            if (!known.TryGetValue(child.Key, out var key)) continue;
            if (key.Type.IsGenericType && key.Type.GetGenericTypeDefinition() == typeof(Dictionary<,>)) Named(child, key);
            else if (key.Type == typeof(IReadOnlyList<string>)) List(child);
            else if (KnownKey.SectionListed(key.Type) is { } listed) Each(child, entry => Section(entry, listed, standsIn: false));
            else if (key.Type == typeof(object)) Foreign(child);
            else if (ConfigurationValue.IsScalar(key.Type)) Scalar(child, key, options, standsIn);
            else Section(child, key.Type, StandsIn(key));
        }
    }

    /// <summary>A protocol of its own stands in for the resource's, and control of a line's direction for the driver's settings.</summary>
    private static bool StandsIn(KnownKey section) =>
        section.IsOptional && (section.Type == typeof(ProtocolOptions) || section.Type == typeof(Rs485Options));

    private void Named(IConfigurationSection section, KnownKey key)
    {
        var type = key.Type.GenericTypeArguments[1];
        if (!ConfigurationValue.IsScalar(type)) Each(section, entry => Section(entry, type, standsIn: false));
        // What a program finds in its environment is often a password.
        else if (type == typeof(string)) Each(section, entry => Add(entry, Secrets.Hidden));
        else Each(section, entry => Add(entry, Secrets.Show(entry.Value!)));
    }

    private void List(IConfigurationSection section)
    {
        string? before = null;
        Each(section, entry =>
        {
            Add(entry, Secrets.ShowArgument(entry.Value!, before));
            before = entry.Value;
        });
    }

    private void Scalar(IConfigurationSection section, KnownKey key, Type options, bool standsIn)
    {
        if (section.Value is not { } text || (text.Length == 0 && key.IsOptional)) return;
        if (!ConfigurationValue.TryParse(text, Nullable.GetUnderlyingType(key.Type) ?? key.Type, out var value)) return;
        if (!standsIn && IsDefault(section, key, options, value)) return;
        Add(section, key.IsSecret ? Secrets.Hidden : Secrets.Show(ConfigurationValue.Format(value)));
    }

    private bool IsDefault(IConfigurationSection section, KnownKey key, Type options, object value)
    {
        if (options == typeof(ListenerOptions) && key.Name == nameof(ListenerOptions.Address)) return value.Equals(_host.Options.DefaultAddress);
        if (options == typeof(ListenerOptions) && key.Name == nameof(ListenerOptions.Resource))
            return section.Path.Split(ConfigurationPath.KeyDelimiter)[^2].Equals((string)value, StringComparison.OrdinalIgnoreCase);
        return value.Equals(key.Property.GetValue(Defaults.GetOrAdd(options, static type => Activator.CreateInstance(type)!)));
    }

    /// <summary>A section of another library, whose defaults are not known here.</summary>
    private void Foreign(IConfigurationSection section)
    {
        if (section.Value is { Length: > 0 } value && !value.Equals(SerilogDefaults.GetValueOrDefault(section.Path), StringComparison.OrdinalIgnoreCase))
            Add(section, Secrets.IsForeign(section.Path) ? Secrets.Hidden : Secrets.Show(value));
        foreach (var child in section.GetChildren()) Foreign(child);
    }

    private static void Each(IConfigurationSection section, Action<IConfigurationSection> take)
    {
        foreach (var child in section.GetChildren()) take(child);
    }

    private void Add(IConfigurationSection section, string shown)
    {
        if (section.Value is not null) _values.Add(new(section.Path, shown, SourceOf(section.Path)));
    }

    private string SourceOf(string key) => _sources.Find(source => source.Provider.TryGet(key, out _)).Name ?? File;

    private static string NameOf(IConfigurationProvider provider) => provider switch
    {
        FileConfigurationProvider or JsonStreamConfigurationProvider => File,
        EnvironmentVariablesConfigurationProvider => Environment,
        MemoryConfigurationProvider => CommandLine,
        _ => provider.ToString() ?? provider.GetType().Name,
    };
}

/// <summary>Decides which values may be shown, and how.</summary>
internal static class Secrets
{
    public const string Hidden = "(not shown)";

    private const int LongestShown = 200;

    private static readonly string[] Words = ["password", "passwd", "secret", "token", "apikey", "api-key", "api_key", "credential", "connectionstring", "auth"];

    /// <summary>The arguments of Serilog's sinks that never hold a secret. Of any other that cannot be known.</summary>
    private static readonly string[] PlainArguments =
    [
        "path", "outputTemplate", "restrictedToMinimumLevel", "standardErrorFromLevel", "rollingInterval", "rollOnFileSizeLimit",
        "fileSizeLimitBytes", "retainedFileCountLimit", "retainedFileTimeLimit", "shared", "buffered", "flushToDiskInterval", "formatter", "theme",
    ];

    public static string Show(string value) => value.Length == 0 ? "\"\"" : LogText.Escape(value.Length <= LongestShown ? value : value[..LongestShown] + "…");

    /// <summary>Shows an entry of a list, unless it or the option before it speaks of a secret, as in <c>--password x</c>.</summary>
    public static string ShowArgument(string value, string? before) =>
        IsNamed(value) || (before is not null && before.StartsWith('-') && IsNamed(before)) ? Hidden : Show(value);

    /// <summary>Whether a key of another library may hold a secret.</summary>
    public static bool IsForeign(string path)
    {
        var parts = path.Split(ConfigurationPath.KeyDelimiter);
        var arguments = Array.FindIndex(parts, part => part.Equals("Args", StringComparison.OrdinalIgnoreCase));
        return IsNamed(parts[^1]) || (arguments >= 0 && !PlainArguments.Contains(parts[Math.Min(arguments + 1, parts.Length - 1)], StringComparer.OrdinalIgnoreCase));
    }

    private static bool IsNamed(string text) => Array.Exists(Words, word => text.Contains(word, StringComparison.OrdinalIgnoreCase));
}
