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
    public static ConfigurationResult Read(IConfiguration configuration, IReadOnlyCollection<string> processors)
    {
        var now = ConfigurationSnapshot.Of(configuration);
        var findings = new ConfigurationFindings();
        CheckSectionName(now, findings);
        new ConfigurationWalk(findings, ListsIn(configuration)).Section(now.GetSection(SocketSyncOptions.SectionName), typeof(SocketSyncOptions));

        var options = ConfigurationCompletion.Complete(Bind(findings.Values), processors);
        new ResourceRules(findings, processors).Check(options);
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
    public static SocketSyncOptions Complete(SocketSyncOptions options, IReadOnlyCollection<string> processors)
    {
        var resources = Named(options.Resources, (_, r) => r with
        {
            Processor = AsRegistered(r.Processor, processors),
            Protocol = Complete(r.Protocol),
            Link = r.Link is { Protocol: { } device } link ? link with { Protocol = Complete(device) } : r.Link,
        });
        var names = resources.Keys.ToDictionary(name => name, StringComparer.OrdinalIgnoreCase);
        var listeners = Named(options.Listeners, (name, l) => Complete(name, l, options.DefaultAddress, resources, names));
        return options with { Resources = resources, Listeners = listeners };
    }

    private static ListenerOptions Complete(
        string name, ListenerOptions listener, string defaultAddress, Dictionary<string, ResourceOptions> resources, Dictionary<string, string> names)
    {
        var routes = listener.Routes.Select(r => r.Resource is { } to ? r with { Resource = names.GetValueOrDefault(to, to) } : r).ToList();
        var resource = routes.Count > 0 ? routes[0].Resource ?? "" : listener.Resource ?? name;
        var found = resources.GetValueOrDefault(resource);
        return listener with
        {
            Address = listener.UnixSocket is null ? listener.Address ?? defaultAddress : listener.Address,
            Resource = names.GetValueOrDefault(resource, resource), // Spelled as in its definition.
            Routes = routes,
            Protocol = listener.Protocol is null ? found?.Protocol ?? new() : Complete(listener.Protocol),
        };
    }

    private static ProtocolOptions Complete(ProtocolOptions protocol) =>
        protocol with { Name = ProtocolCatalog.Find(protocol.Name)?.Name ?? protocol.Name };

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
