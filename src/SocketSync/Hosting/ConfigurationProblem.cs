using System.Globalization;
using System.Text;

namespace SocketSync;

/// <summary>One thing wrong with the configuration, told as one line.</summary>
/// <param name="Key">The key's full path, such as <c>SocketSync:Listeners:Default:Port</c>.</param>
/// <param name="Value">What stands there; <see langword="null"/> where nothing does, or where it is a secret.</param>
/// <param name="Allowed">What is allowed, as words that end the sentence.</param>
internal sealed record ConfigurationProblem(string Key, string? Value, string Allowed)
{
    private const int LongestValue = 200;

    public override string ToString() =>
        Value is null ? $"{OnOneLine(Key)}: {OnOneLine(Allowed)}" : $"{OnOneLine(Key)}: '{OnOneLine(Shortened(Value))}': {OnOneLine(Allowed)}";

    private static string Shortened(string value) => value.Length <= LongestValue ? value : value[..LongestValue] + "…";

    private static string OnOneLine(string text)
    {
        if (!text.Any(char.IsControl)) return text;
        var line = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => line.Append(@"\n"),
                '\r' => line.Append(@"\r"),
                '\t' => line.Append(@"\t"),
                _ when char.IsControl(c) => line.Append(CultureInfo.InvariantCulture, $@"\x{(int)c:X2}"),
                _ => line.Append(c),
            };
        }

        return line.ToString();
    }
}
