using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>What was read: options that hold together where there is no problem, and else every problem at once.</summary>
/// <param name="Options">Complete: every listener has its address, resource and protocol.</param>
/// <param name="Problems">Empty where the options may be used.</param>
internal sealed record ConfigurationResult(SocketSyncOptions Options, IReadOnlyList<ConfigurationProblem> Problems);

/// <summary>Reads section <c>SocketSync</c> and validates it whole: at start, for <c>check</c>, and at every reload.</summary>
internal static class ConfigurationReader
{
    // Nobody means anything else by them; other keys may well be those of the host's own sections.
    private static readonly string[] Misplaced = [nameof(SocketSyncOptions.Listeners), nameof(SocketSyncOptions.Resources)];

    /// <param name="configuration">The host's whole configuration.</param>
    /// <param name="processors">The names of the processors there are.</param>
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
        return new(options, findings.Problems);
    }

    private static HashSet<string> ListsIn(IConfiguration configuration) =>
        (configuration is IConfigurationRoot root ? root.Providers.OfType<IConfigurationLists>().SelectMany(p => p.Lists) : [])
            .ToHashSet(StringComparer.OrdinalIgnoreCase);

    // Only what the walk found right is bound, so that one fault does not hide the next, and no converter throws.
    private static SocketSyncOptions Bind(IReadOnlyDictionary<string, string?> values) =>
        ConfigurationSnapshot.Of(values)
            .GetSection(SocketSyncOptions.SectionName).Get<SocketSyncOptions>() ?? new();

    // The root holds whatever the environment does, so only a near miss with keys of its own can be told from a stranger.
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

/// <summary>Puts into the options what follows from elsewhere, so that nothing need be looked up a second time.</summary>
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
        var resource = listener.Resource ?? name;
        var found = resources.GetValueOrDefault(resource);
        return listener with
        {
            Address = listener.UnixSocket is null ? listener.Address ?? defaultAddress : listener.Address,
            Resource = names.GetValueOrDefault(resource, resource), // As it is written where it is defined.
            Protocol = listener.Protocol is null ? found?.Protocol ?? new() : Complete(listener.Protocol),
        };
    }

    private static ProtocolOptions Complete(ProtocolOptions protocol) =>
        protocol with { Name = ProtocolRules.AsKnown(protocol.Name) };

    private static string AsRegistered(string processor, IReadOnlyCollection<string> processors) =>
        processors.FirstOrDefault(p => p.Equals(processor, StringComparison.OrdinalIgnoreCase)) ?? processor;

    // Where nothing is named there is one, all of whose settings are the defaults.
    private static Dictionary<string, T> Named<T>(Dictionary<string, T> given, Func<string, T, T> complete)
        where T : new()
    {
        if (given.Count == 0) given = new(StringComparer.OrdinalIgnoreCase) { [SocketSyncOptions.DefaultName] = new() };
        return given.ToDictionary(e => e.Key, e => complete(e.Key, e.Value), StringComparer.OrdinalIgnoreCase);
    }
}
