using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>The validated configuration of a host that is about to start.</summary>
/// <param name="Options">The complete section <c>SocketSync</c>.</param>
/// <param name="Http">The HTTP endpoints; at least one.</param>
internal sealed record HostConfiguration(SocketSyncOptions Options, IReadOnlyList<HttpEndPoint> Http)
{
    /// <param name="configuration">The host's whole configuration.</param>
    /// <param name="processors">The names of the registered processors.</param>
    /// <param name="plugins">The problems found while loading the plugins.</param>
    /// <exception cref="SocketSyncStartupException">The configuration is invalid; contains all problems.</exception>
    public static HostConfiguration Read(
        IConfiguration configuration, IReadOnlyCollection<string> processors, IReadOnlyList<ConfigurationProblem>? plugins = null) =>
        Read(configuration, new HostParts(processors), plugins);

    /// <param name="configuration">The host's whole configuration.</param>
    /// <param name="parts">What it may name.</param>
    /// <param name="plugins">The problems found while loading the plugins.</param>
    /// <exception cref="SocketSyncStartupException">The configuration is invalid; contains all problems.</exception>
    public static HostConfiguration Read(IConfiguration configuration, HostParts parts, IReadOnlyList<ConfigurationProblem>? plugins = null)
    {
        var (options, all) = ConfigurationReader.Read(configuration, parts);
        // An unknown processor may be one of a plugin that could not be loaded.
        List<ConfigurationProblem> faults = plugins is { Count: > 0 } ? [.. plugins, .. all.Where(f => !IsOfProcessor(f))] : [.. all];
        var http = HttpEndPoints.Of(configuration, options.DefaultAddress);
        List<ConfigurationProblem> problems = [.. faults, .. http.Select(e => e.Problem).OfType<ConfigurationProblem>(), .. Clashes(options, http, faults)];
        return problems.Count == 0
            ? new(options, http)
            : throw new SocketSyncStartupException([.. problems.Select(p => p.ToString())]);
    }

    private static bool IsOfProcessor(ConfigurationProblem fault) =>
        fault.Key.EndsWith($":{nameof(ResourceOptions.Processor)}", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<ConfigurationProblem> Clashes(
        SocketSyncOptions options, IReadOnlyList<HttpEndPoint> http, IReadOnlyList<ConfigurationProblem> faults)
    {
        const string Section = SocketSyncOptions.SectionName;
        var faulty = faults.Select(f => f.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (IsFaulty($"{Section}:{nameof(options.DefaultAddress)}")) yield break;
        foreach (var (name, listener) in options.Listeners)
        {
            var path = $"{Section}:{nameof(options.Listeners)}:{name}";
            var port = $"{path}:{nameof(listener.Port)}";
            if (IsFaulty(port) || IsFaulty($"{path}:{nameof(listener.Address)}") || ListenAddress.Of(listener) is not { } place) continue;
            if (http.FirstOrDefault(e => e.Address?.Overlaps(place) == true) is not { } taken) continue;
            yield return new(port, listener.Port.ToString(CultureInfo.InvariantCulture), $"must differ from that of HTTP, which is {taken.Url} by {taken.Key}");
        }

        bool IsFaulty(string key) => faulty.Contains(key);
    }
}
