using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>The result of reading the configuration: consistent options, or all problems at once.</summary>
/// <param name="Options">The options, complete: every listener has its address, resource and protocol.</param>
/// <param name="Problems">The problems; the options may only be used if there are none.</param>
internal sealed record ConfigurationResult(SocketSyncOptions Options, IReadOnlyList<ConfigurationProblem> Problems);

/// <summary>
/// Reads and validates the whole section <c>SocketSync</c>: at start, for <c>check</c>, and on every reload.
/// </summary>
internal static class ConfigurationReader
{
    // At the root these keys can only be a mistake; other root keys may be the host's own sections.
    private static readonly string[] Misplaced = [nameof(SocketSyncOptions.Listeners), nameof(SocketSyncOptions.Resources)];

    /// <param name="configuration">The host's whole configuration.</param>
    /// <param name="processors">The names of the registered processors.</param>
    public static ConfigurationResult Read(IConfiguration configuration, IReadOnlyCollection<string> processors) =>
        Read(configuration, new HostParts(processors));

    /// <param name="configuration">The host's whole configuration.</param>
    /// <param name="parts">What it may name.</param>
    public static ConfigurationResult Read(IConfiguration configuration, HostParts parts)
    {
        var now = ConfigurationSnapshot.Of(configuration, parts.Code);
        var findings = new ConfigurationFindings { Languages = [.. ProtocolCatalog.Names, .. parts.Protocols.Select(own => own.Name)] };
        CheckSectionName(now, findings);
        new ConfigurationWalk(findings, ListsIn(configuration)).Section(now.GetSection(SocketSyncOptions.SectionName), typeof(SocketSyncOptions));

        var options = ConfigurationCompletion.Complete(Bind(findings.Values), parts);
        options = new SettingsRules(findings, parts, now).Check(options);
        new ResourceRules(findings, parts.Processors).Check(options);
        new ListenerRules(findings).Check(options);
        new LinkRules(findings).Check(options);
        new AccessRules(findings).Check(options);
        new CacheRules(findings).Check(options);
        new ConsoleRules(findings).Check(options);
        new ClusterRules(findings).Check(options);
        return new(options, findings.Problems);
    }

    private static HashSet<string> ListsIn(IConfiguration configuration) =>
        (configuration is IConfigurationRoot root ? root.Providers.OfType<IConfigurationLists>().SelectMany(p => p.Lists) : [])
            .ToHashSet(StringComparer.OrdinalIgnoreCase);

    // Binds only valid values, so that one problem does not hide the next, and no converter throws.
    private static SocketSyncOptions Bind(IReadOnlyDictionary<string, string?> values) =>
        ConfigurationSnapshot.Of(values)
            .GetSection(SocketSyncOptions.SectionName).Get<SocketSyncOptions>() ?? new();

    // The root also contains all environment variables, so only a similar name with child keys is reported as a mistake.
    private static void CheckSectionName(IConfiguration configuration, ConfigurationFindings findings)
    {
        foreach (var child in configuration.GetChildren())
        {
            if (!child.Key.Equals(SocketSyncOptions.SectionName, StringComparison.OrdinalIgnoreCase)
                && KnownKeys.Nearest(child.Key, [SocketSyncOptions.SectionName]) is { } meant
                && child.GetChildren().Any())
                findings.Report(child.Path, null, $"is not a known section; did you mean {meant}?");
            if (Misplaced.Contains(child.Key, StringComparer.OrdinalIgnoreCase) && child.GetChildren().Any())
                findings.Report(child.Path, null, $"belongs under section {SocketSyncOptions.SectionName}, as {SocketSyncOptions.SectionName}:{child.Key}");
        }
    }
}

/// <summary>Fills in defaults and inherited values, so that no other code has to look them up.</summary>
internal static class ConfigurationCompletion
{
    public static SocketSyncOptions Complete(SocketSyncOptions options, HostParts parts)
    {
        var resources = Named(options.Resources, (_, r) => r with
        {
            Processor = AsRegistered(r.Processor, parts.Processors),
            Protocol = Complete(r.Protocol, parts),
            Link = r.Link is { Protocol: { } device } link ? link with { Protocol = Complete(device, parts) } : r.Link,
        });
        // The one resource that there is has the default listener.
        var given = options.Listeners.Count == 0 && resources.Count == 1
            ? new(StringComparer.OrdinalIgnoreCase) { [SocketSyncOptions.DefaultName] = new() { Resource = resources.Keys.Single() } }
            : options.Listeners;
        var names = resources.Keys.ToDictionary(name => name, StringComparer.OrdinalIgnoreCase);
        var listeners = Named(given, (name, l) => Complete(name, l, options.DefaultAddress, resources, names, parts));
        return options with { Resources = resources, Listeners = listeners };
    }

    private static ListenerOptions Complete(
        string name, ListenerOptions listener, string defaultAddress, Dictionary<string, ResourceOptions> resources, Dictionary<string, string> names, HostParts parts)
    {
        var routes = listener.Routes.Select(r => r.Resource is { } to ? r with { Resource = names.GetValueOrDefault(to, to) } : r).ToList();
        var resource = routes.Count > 0 ? routes[0].Resource ?? "" : listener.Resource ?? name;
        var found = resources.GetValueOrDefault(resource);
        return listener with
        {
            Address = listener.UnixSocket is null ? listener.Address ?? defaultAddress : listener.Address,
            Resource = names.GetValueOrDefault(resource, resource), // Spelled as in its definition.
            Routes = routes,
            Protocol = listener.Protocol is null ? found?.Protocol ?? new() : Complete(listener.Protocol, parts),
        };
    }

    private static ProtocolOptions Complete(ProtocolOptions protocol, HostParts parts) =>
        parts.Find(protocol.Name) is { } own ? protocol with { Name = own.Name, Own = own } : protocol with { Name = protocol.Definition?.Name ?? protocol.Name };

    private static string AsRegistered(string processor, IReadOnlyCollection<string> processors) =>
        processors.FirstOrDefault(p => p.Equals(processor, StringComparison.OrdinalIgnoreCase)) ?? processor;

    // Without entries there is one, Default, with default settings.
    private static Dictionary<string, T> Named<T>(Dictionary<string, T> given, Func<string, T, T> complete)
        where T : new()
    {
        if (given.Count == 0) given = new(StringComparer.OrdinalIgnoreCase) { [SocketSyncOptions.DefaultName] = new() };
        return given.ToDictionary(e => e.Key, e => complete(e.Key, e.Value), StringComparer.OrdinalIgnoreCase);
    }
}
