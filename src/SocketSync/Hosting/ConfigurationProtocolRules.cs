using System.Globalization;

namespace SocketSync;

/// <summary>Which settings belong to which protocol, and how they go together.</summary>
internal static class ConfigurationProtocolRules
{
    private static readonly Dictionary<string, string[]> SettingsOf = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Raw"] = [],
        ["Line"] = [nameof(ProtocolOptions.Delimiter)],
        ["LengthPrefixed"] =
        [
            nameof(ProtocolOptions.LengthBytes), nameof(ProtocolOptions.LittleEndian), nameof(ProtocolOptions.LengthIncludesHeader),
        ],
        ["FixedLength"] = [nameof(ProtocolOptions.Length)],
        ["Scpi"] = [nameof(ProtocolOptions.Delimiter)],
        ["ModbusTcp"] = [],
        ["ModbusRtu"] = [],
    };

    /// <summary>The name as the documentation writes it, where it is one.</summary>
    public static string AsKnown(string name) =>
        SettingsOf.Keys.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? name;

    public static void Check(ConfigurationFindings findings, string path, ProtocolOptions protocol)
    {
        if (!SettingsOf.TryGetValue(protocol.Name, out var own))
        {
            findings.Report($"{path}:Name", protocol.Name, ConfigurationValue.OneOf(protocol.Name, SettingsOf.Keys));
            return;
        }

        CheckStrangers(findings, path, protocol.Name, own);
        CheckSizes(findings, path, protocol);
    }

    private static void CheckStrangers(ConfigurationFindings findings, string path, string name, string[] own)
    {
        foreach (var setting in SettingsOf.Values.SelectMany(s => s).Distinct(StringComparer.Ordinal).Except(own, StringComparer.Ordinal))
        {
            var key = $"{path}:{setting}";
            if (!findings.IsGiven(key)) continue;
            var owners = SettingsOf.Where(p => p.Value.Contains(setting, StringComparer.Ordinal)).Select(p => p.Key);
            findings.Report(key, findings.Values[key], $"is a setting of {string.Join(" and ", owners)}, not of {name}");
        }
    }

    private static void CheckSizes(ConfigurationFindings findings, string path, ProtocolOptions protocol)
    {
        var most = $"{path}:{nameof(protocol.MaxRequestBytes)}";
        if (findings.IsFaulty(most)) return;
        switch (protocol.Name)
        {
            case "Line" or "Scpi" when Delimiter.TryParse(protocol.Delimiter ?? "\n", out var delimiter) && delimiter.Length > protocol.MaxRequestBytes:
                ReportTooSmall(delimiter.Length, "the delimiter");
                break;
            case "LengthPrefixed" when (protocol.LengthBytes ?? 2) > protocol.MaxRequestBytes:
                ReportTooSmall(protocol.LengthBytes ?? 2, "the length header");
                break;
            case "ModbusTcp" when protocol.MaxRequestBytes < Mbap.Shortest:
                ReportTooSmall(Mbap.Shortest, "the shortest frame");
                break;
            case "ModbusRtu" when protocol.MaxRequestBytes < RtuFrame.Shortest:
                ReportTooSmall(RtuFrame.Shortest, "the shortest frame");
                break;
            case "FixedLength" when protocol.Length is null && !findings.IsFaulty($"{path}:{nameof(protocol.Length)}"):
                findings.Report($"{path}:{nameof(protocol.Length)}", null, "must be given with FixedLength: the length of every request in bytes");
                break;
            case "FixedLength" when protocol.Length > protocol.MaxRequestBytes:
                findings.Report(
                    $"{path}:{nameof(protocol.Length)}", Text(protocol.Length.Value), $"must be at most MaxRequestBytes, which is {Text(protocol.MaxRequestBytes)}");
                break;
        }

        void ReportTooSmall(int bytes, string what) =>
            findings.Report(most, Text(protocol.MaxRequestBytes), $"must be at least {Text(bytes)}, to hold {what}");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
