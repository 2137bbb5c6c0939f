namespace SocketSync;

/// <summary>An assembly that was loaded for its processors.</summary>
/// <param name="Path">As <c>SocketSync:Plugins</c> gives it.</param>
/// <param name="Version">The assembly's own.</param>
/// <param name="Processors">The names of its processors, which are those of their classes.</param>
internal sealed record Plugin(string Path, Version? Version, IReadOnlyList<string> Processors)
{
    public override string ToString() => $"plugin {Path}: version {Version}, processors {string.Join(", ", Processors)}";
}

/// <summary>What came of loading the plugins.</summary>
/// <param name="Loaded">Those that can be used; their processors are in the catalog.</param>
/// <param name="Problems">One for each that cannot.</param>
internal sealed record PluginResult(IReadOnlyList<Plugin> Loaded, IReadOnlyList<ConfigurationProblem> Problems)
{
    public static readonly PluginResult None = new([], []);
}

/// <summary>A plugin cannot be used.</summary>
/// <param name="reason">Why, as words that end a sentence.</param>
internal sealed class PluginException(string reason) : Exception(reason);
