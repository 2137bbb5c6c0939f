namespace SocketSync;

/// <summary>Which settings belong to which protocol, and how they go together: what each language says of its own.</summary>
internal static class ProtocolRules
{
    public static void Check(ConfigurationFindings findings, string path, ProtocolOptions protocol)
    {
        if (ProtocolCatalog.Find(protocol.Name) is not { } definition)
        {
            findings.Report($"{path}:Name", protocol.Name, ConfigurationValue.OneOf(protocol.Name, ProtocolCatalog.Names));
            return;
        }

        CheckStrangers(findings, path, definition);
        if (findings.IsFaulty($"{path}:{nameof(protocol.MaxRequestBytes)}")) return;
        foreach (var (setting, value, allowed) in definition.Check(protocol))
        {
            if (!findings.IsFaulty($"{path}:{setting}")) findings.Report($"{path}:{setting}", value, allowed);
        }
    }

    private static void CheckStrangers(ConfigurationFindings findings, string path, ProtocolDefinition definition)
    {
        var owners = ProtocolCatalog.All.SelectMany(owner => owner.Settings.Select(setting => (owner, setting))).ToLookup(s => s.setting, s => s.owner, StringComparer.Ordinal);
        foreach (var strangers in owners.Where(owner => !definition.Settings.Contains(owner.Key, StringComparer.Ordinal)))
        {
            var key = $"{path}:{strangers.Key}";
            if (findings.IsGiven(key))
                findings.Report(key, findings.Values[key], $"is a setting of {ProtocolCatalog.AsList(strangers)}, not of {definition.Name}");
        }
    }
}
