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
        new ConfigurationResourceRules(findings, processors).Check(options);
        new ConfigurationListenerRules(findings).Check(options);
        new ConfigurationLinkRules(findings).Check(options);
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
