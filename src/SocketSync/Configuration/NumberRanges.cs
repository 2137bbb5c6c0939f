using System.Globalization;

namespace SocketSync;

/// <summary>Numbers and ranges of them, as the configuration writes them: <c>1-9,12</c>.</summary>
internal sealed class NumberRanges
{
    private readonly (int First, int Last)[] _ranges;

    private NumberRanges((int First, int Last)[] ranges) => _ranges = ranges;

    /// <summary>Each of the numbers, in the order in which they are written.</summary>
    public IEnumerable<int> Numbers() => _ranges.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1));

    /// <summary>Parses numbers from 0 to <paramref name="largest"/>.</summary>
    /// <returns><see langword="null"/> if the text is anything else, or a range ends before it begins.</returns>
    public static NumberRanges? TryParse(string text, int largest)
    {
        var ranges = new List<(int First, int Last)>();
        foreach (var part in text.Split(','))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || TryParseNumber(ends[0], largest) is not { } first || TryParseNumber(ends[^1], largest) is not { } last || last < first)
                return null;
            ranges.Add((first, last));
        }

        return new NumberRanges([.. ranges]);
    }

    private static int? TryParseNumber(string text, int largest) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= largest ? number : null;
}
