using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>
/// A configuration as it is now, with the keys of each section found at once. .NET's own providers go through all their keys
/// for the children of any one section, so that a thousand resources would take a thousand times as long for each.
/// </summary>
internal static class ConfigurationSnapshot
{
    public static IConfiguration Of(IConfiguration configuration)
    {
        if (configuration is not IConfigurationRoot root) return configuration;
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        AddAll(root, values);
        return Of(values);
    }

    public static IConfigurationRoot Of(IReadOnlyDictionary<string, string?> values) => new ConfigurationRoot([new IndexedProvider(values)]);

    // What a later provider says stands over what an earlier one does.
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

    /// <summary>Whether its keys are those in <see cref="ConfigurationProvider"/>'s <c>Data</c>, as with every provider of .NET.</summary>
    private static bool KeepsItsKeys(ConfigurationProvider provider) =>
        provider.GetType().GetMethod(nameof(provider.GetChildKeys))?.DeclaringType == typeof(ConfigurationProvider);

    // Protected, so that derived classes may rely on it; nothing public names all keys without searching them for each section.
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
                // A path that is known has been added to its parent, and that to its own.
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
/// A provider of the configuration that knows which of its keys were written as a list. In .NET's configuration a list is a
/// section whose keys are numbers, and so cannot be told from units of a device, which are numbers too.
/// </summary>
internal interface IConfigurationLists
{
    /// <summary>Full paths.</summary>
    IReadOnlyCollection<string> Lists { get; }
}
