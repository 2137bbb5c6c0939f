using System.Globalization;

namespace SocketSync;

/// <summary>Which settings belong to which protocol, and how they go together.</summary>
internal static class ConfigurationProtocolRules
{
    /// <summary>Protocols that the contract names for later versions.</summary>
    private static readonly string[] Later = ["Scpi", "ModbusTcp", "ModbusRtu"];

    /// <summary>The name as the documentation writes it, where it is one.</summary>
    public static string AsKnown(string name) =>
        ProtocolFactory.Names.FirstOrDefault(k => k.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? name;

    public static void Check(ConfigurationFindings findings, string path, ProtocolOptions protocol)
    {
        if (ProtocolFactory.SettingsOf(protocol.Name) is not { } own)
        {
            var allowed = ConfigurationValue.OneOf(protocol.Name, ProtocolFactory.Names);
            var isLater = Later.Contains(protocol.Name, StringComparer.OrdinalIgnoreCase);
            findings.Report($"{path}:Name", protocol.Name, isLater ? $"this version does not have it yet; {allowed}" : allowed);
            return;
        }

        CheckStrangers(findings, path, protocol.Name, own);
        CheckSizes(findings, path, protocol);
    }

    private static void CheckStrangers(ConfigurationFindings findings, string path, string name, IReadOnlyList<string> own)
    {
        foreach (var owner in ProtocolFactory.Names)
        {
            foreach (var key in ProtocolFactory.SettingsOf(owner)!.Except(own, StringComparer.Ordinal).Select(s => $"{path}:{s}").Where(findings.IsGiven))
                findings.Report(key, findings.Values[key], $"is a setting of {owner}, not of {name}");
        }
    }

    private static void CheckSizes(ConfigurationFindings findings, string path, ProtocolOptions protocol)
    {
        var most = $"{path}:{nameof(protocol.MaxRequestBytes)}";
        if (findings.IsFaulty(most)) return;
        switch (protocol.Name)
        {
            case "Line" when Delimiter.TryParse(protocol.Delimiter ?? ProtocolFactory.DefaultDelimiter, out var delimiter) && delimiter.Length > protocol.MaxRequestBytes:
                ReportTooSmall(delimiter.Length, "the delimiter");
                break;
            case "LengthPrefixed" when (protocol.LengthBytes ?? ProtocolFactory.DefaultLengthBytes) is var header && header > protocol.MaxRequestBytes:
                ReportTooSmall(header, "the length header");
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
