namespace SocketSync;

/// <summary>What must hold between the keys of a resource.</summary>
internal sealed class ConfigurationResourceRules(ConfigurationFindings findings, IReadOnlyCollection<string> processors)
{
    private const string BuiltIn = "Echo";

    /// <summary>Processors that the contract names for later versions.</summary>
    private static readonly string[] Later = ["Relay", "Tunnel"];

    public static IReadOnlyCollection<string> WithBuiltIn(IEnumerable<string> processors) =>
        [.. processors.Prepend(BuiltIn).Distinct(StringComparer.OrdinalIgnoreCase)];

    public void Check(SocketSyncOptions options)
    {
        foreach (var (name, resource) in options.Resources)
        {
            var path = $"{SocketSyncOptions.SectionName}:{nameof(options.Resources)}:{name}";
            CheckProcessor($"{path}:{nameof(resource.Processor)}", resource.Processor);
            ConfigurationProtocolRules.Check(findings, $"{path}:{nameof(resource.Protocol)}", resource.Protocol);
        }
    }

    private void CheckProcessor(string key, string processor)
    {
        var known = WithBuiltIn(processors);
        if (known.Contains(processor, StringComparer.OrdinalIgnoreCase)) return;
        var allowed = ConfigurationValue.OneOf(processor, known);
        var isLater = Later.Contains(processor, StringComparer.OrdinalIgnoreCase);
        findings.Report(key, processor, isLater ? $"this version does not have it yet; {allowed}" : allowed);
    }
}
