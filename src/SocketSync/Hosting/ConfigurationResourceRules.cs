namespace SocketSync;

/// <summary>What must hold between the keys of a resource.</summary>
internal sealed class ConfigurationResourceRules(ConfigurationFindings findings, IReadOnlyCollection<string> processors)
{
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
        if (processors.Contains(processor, StringComparer.OrdinalIgnoreCase)) return;
        findings.Report(key, processor, ConfigurationValue.OneOf(processor, processors));
    }
}
