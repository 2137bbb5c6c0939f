using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>
/// A snapshot of a configuration, indexed by section. .NET's own providers scan all their keys to find the children of one
/// section, so reading a thousand resources would take a thousand times as long for each.
/// </summary>
internal static class ConfigurationSnapshot
{
    public static IConfiguration Of(IConfiguration configuration) => Of(configuration, new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase));

    /// <param name="configuration">The configuration.</param>
    /// <param name="below">Values of keys of which it says nothing.</param>
    public static IConfiguration Of(IConfiguration configuration, IReadOnlyDictionary<string, string?> below)
    {
        var values = new Dictionary<string, string?>(below, StringComparer.OrdinalIgnoreCase);
        if (configuration is IConfigurationRoot root)
        {
            AddAll(root, values);
            return Of(values);
        }

        if (below.Count == 0) return configuration;
        foreach (var (key, value) in configuration.AsEnumerable()) values[key] = value;
        return Of(values);
    }

    public static IConfigurationRoot Of(IReadOnlyDictionary<string, string?> values) => new ConfigurationRoot([new IndexedProvider(values)]);

    // Later providers override earlier ones.
    private static void AddAll(IConfigurationRoot root, Dictionary<string, string?> values)
    {
        foreach (var provider in root.Providers)
        {
            if (provider is ChainedConfigurationProvider { Configuration: IConfigurationRoot chained })
                AddAll(chained, values);
            else if (provider is ConfigurationProvider known && KeepsItsKeys(known))
                AddKept(known, values);
            else
                AddBelow(provider, parent: null, values);
        }
    }

    private static void AddKept(ConfigurationProvider provider, Dictionary<string, string?> values)
    {
        foreach (var key in DataOf(provider).Keys)
        {
            if (provider.TryGet(key, out var value)) values[key] = value;
        }
    }

    private static void AddBelow(IConfigurationProvider provider, string? parent, Dictionary<string, string?> values)
    {
        foreach (var key in provider.GetChildKeys([], parent).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var path = parent is null ? key : ConfigurationPath.Combine(parent, key);
            if (provider.TryGet(path, out var value)) values[path] = value;
            AddBelow(provider, path, values);
        }
    }

    /// <summary>
    /// Whether the provider's keys are those in <see cref="ConfigurationProvider"/>'s <c>Data</c>, as in all of .NET's own
    /// providers.
    /// </summary>
    private static bool KeepsItsKeys(ConfigurationProvider provider) =>
        provider.GetType().GetMethod(nameof(provider.GetChildKeys))?.DeclaringType == typeof(ConfigurationProvider);

    // The property is protected, so derived classes may rely on it; no public member lists all keys without a search per
    // section.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Data")]
    private static extern IDictionary<string, string?> DataOf(ConfigurationProvider provider);

    private sealed class IndexedProvider : ConfigurationProvider
    {
        private readonly Dictionary<string, List<string>> _children = new(StringComparer.OrdinalIgnoreCase);

        public IndexedProvider(IReadOnlyDictionary<string, string?> values)
        {
            Data = new Dictionary<string, string?>(values, StringComparer.OrdinalIgnoreCase);
            var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (var key in values.Keys)
            {
                // A known path is already linked to its parent, and the parent to its own.
                for (var path = key; path.Length > 0 && known.Add(path);)
                {
                    var parent = ConfigurationPath.GetParentPath(path) ?? "";
                    if (!_children.TryGetValue(parent, out var siblings)) _children[parent] = siblings = [];
                    siblings.Add(ConfigurationPath.GetSectionKey(path));
                    path = parent;
                }
            }

            foreach (var siblings in _children.Values) siblings.Sort(ConfigurationKeyComparer.Instance);
        }

        public override IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath) =>
            [.. _children.GetValueOrDefault(parentPath ?? "") ?? [], .. earlierKeys];
    }
}

/// <summary>
/// A configuration provider that knows which of its keys were written as a list. In .NET configuration a list is a section
/// with numeric keys, which looks the same as a section whose keys are Modbus units.
/// </summary>
internal interface IConfigurationLists
{
    /// <summary>The full paths of the lists.</summary>
    IReadOnlyCollection<string> Lists { get; }
}
