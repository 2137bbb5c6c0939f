using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace SocketSync;

/// <summary>
/// Gives the processors that were added with settings what section <c>Settings</c> of their resources says, by .NET's own options:
/// one instance for each resource, under its name. A change is passed on when the whole configuration has been found valid.
/// </summary>
internal sealed class ResourceSettings(SocketSyncOptions options, HostParts parts)
{
    private readonly ConcurrentDictionary<string, ConfigurationReloadToken> _tokens = new(StringComparer.OrdinalIgnoreCase);
    private IReadOnlyDictionary<string, ResourceOptions> _running = options.Resources;

    /// <summary>Adds the settings of one type.</summary>
    public static void Add<TSettings>(IServiceCollection services)
        where TSettings : class, new()
    {
        services.AddOptions();
        services.AddSingleton(new SettingsReader(typeof(TSettings), static (provider, resource) => provider.GetRequiredService<IOptionsMonitor<TSettings>>().Get(resource)));
        services.AddSingleton<IConfigureOptions<TSettings>>(provider => new SettingsBinding<TSettings>(provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<HostParts>().Code));
        // Which resources there are is known only now, and a monitor asks for its sources once.
        services.TryAddSingleton<IOptionsMonitor<TSettings>>(provider => new OptionsMonitor<TSettings>(
            provider.GetRequiredService<IOptionsFactory<TSettings>>(),
            provider.GetServices<IOptionsChangeTokenSource<TSettings>>().Concat(provider.GetRequiredService<ResourceSettings>().Sources<TSettings>()),
            provider.GetRequiredService<IOptionsMonitorCache<TSettings>>()));
    }

    /// <summary>
    /// Reads all settings before anything starts: what the host's own rules forbid is found now, and what the file says later, and is not
    /// applied, is not read by whoever is the first to ask.
    /// </summary>
    /// <exception cref="SocketSyncStartupException">A rule of the host's own forbids them.</exception>
    public void Read(IServiceProvider services)
    {
        var readers = services.GetServices<SettingsReader>().DistinctBy(reader => reader.Type).ToDictionary(reader => reader.Type);
        foreach (var (name, resource) in _running)
        {
            try
            {
                if (parts.SettingsOf(resource.Processor) is { } type)
                    readers[type].Read(services, name);
            }
            catch (OptionsValidationException exception)
            {
                throw new SocketSyncStartupException([.. exception.Failures.Select(failure => new ConfigurationProblem(SettingsRules.PathOf(name), null, failure).ToString())]);
            }
        }
    }

    /// <summary>The resources have these settings from now on.</summary>
    public void Configure(IReadOnlyDictionary<string, ResourceOptions> resources)
    {
        var before = Interlocked.Exchange(ref _running, resources);
        foreach (var (name, resource) in resources)
        {
            if (before[name].SettingsText != resource.SettingsText && _tokens.TryGetValue(name, out var token))
            {
                _tokens[name] = new();
                token.OnReload();
            }
        }
    }

    private IEnumerable<IOptionsChangeTokenSource<TSettings>> Sources<TSettings>() =>
        from resource in _running
        where parts.SettingsOf(resource.Value.Processor) == typeof(TSettings)
        select new SettingsSource<TSettings>(resource.Key, _tokens);

    private sealed record SettingsReader(Type Type, Action<IServiceProvider, string> Read);

    private sealed class SettingsBinding<TSettings>(IConfiguration configuration, IReadOnlyDictionary<string, string?> code) : IConfigureNamedOptions<TSettings>
        where TSettings : class
    {
        public void Configure(string? name, TSettings options)
        {
            if (string.IsNullOrEmpty(name))
                return;
            var path = SettingsRules.PathOf(name);
            var values = code.Where(pair => pair.Key.StartsWith($"{path}:", StringComparison.OrdinalIgnoreCase)).ToDictionary(StringComparer.OrdinalIgnoreCase);
            foreach (var (key, value) in configuration.GetSection(path).AsEnumerable())
                values[key] = value;
            ConfigurationSnapshot.Of(values).GetSection(path).Bind(options);
        }

        public void Configure(TSettings options)
        {
        }
    }

    private sealed class SettingsSource<TSettings>(string name, ConcurrentDictionary<string, ConfigurationReloadToken> tokens) : IOptionsChangeTokenSource<TSettings>
    {
        public string Name => name;

        public IChangeToken GetChangeToken() => tokens.GetOrAdd(name, static _ => new());
    }
}
