using Microsoft.Extensions.Primitives;

namespace SocketSync;

/// <summary>A configuration in which one section shows only some of its keys. It changes with the whole.</summary>
internal static class ConfigurationView
{
    /// <param name="whole">What is looked at.</param>
    /// <param name="section">A section at the top.</param>
    /// <param name="isShown">Which of the keys right below it are seen.</param>
    public static IConfigurationRoot Of(IConfigurationRoot whole, string section, Func<string, bool> isShown) =>
        // Source by source, since a reader may ask which of them says something last.
        new ConfigurationRoot([.. whole.Providers.Select(provider => new Source(whole, provider, section, isShown))]);

    private sealed class Source(IConfiguration whole, IConfigurationProvider source, string section, Func<string, bool> isShown) : IConfigurationProvider
    {
        private readonly string _prefix = section + ConfigurationPath.KeyDelimiter;

        public bool TryGet(string key, out string? value)
        {
            value = null;
            return IsShown(key) && source.TryGet(key, out value);
        }

        public IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath)
        {
            if (parentPath is not null && !IsShown(parentPath)) return earlierKeys;
            var keys = source.GetChildKeys(earlierKeys, parentPath);
            return section.Equals(parentPath, StringComparison.OrdinalIgnoreCase) ? keys.Where(isShown) : keys;
        }

        public IChangeToken GetReloadToken() => whole.GetReloadToken();

        public void Load()
        {
            // The whole has done so.
        }

        public void Set(string key, string? value) => throw new NotSupportedException();

        private bool IsShown(string key) =>
            !key.StartsWith(_prefix, StringComparison.OrdinalIgnoreCase)
            || isShown(key[_prefix.Length..].Split(ConfigurationPath.KeyDelimiter)[0]);
    }
}
