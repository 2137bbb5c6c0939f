using System.Globalization;
using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>Reads the Prometheus text.</summary>
internal static partial class Metrics
{
    /// <summary>The sum of the samples of a name that carry all of the given labels, each as <c>name="value"</c>.</summary>
    public static double Sum(string text, string name, params string[] labels) => text.Split('\n')
        .Select(line => Sample().Match(line))
        .Where(sample => sample.Success && sample.Groups["name"].Value == name
            && labels.All(label => sample.Groups["labels"].Value.Contains(label, StringComparison.Ordinal)))
        .Sum(sample => double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>[^ ]+)( \d+)?$""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sample();
}
