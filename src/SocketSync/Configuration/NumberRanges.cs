using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace SocketSync;

/// <summary>A set of whole numbers, written as numbers and ranges: <c>1-9,12</c>.</summary>
internal sealed class NumberRanges
{
    // Ascending, and neither overlapping nor adjacent: what lies within the set lies within one of them.
    private readonly (int First, int Last)[] _ranges;

    private NumberRanges(IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach (var range in ranges.Order())
        {
            if (merged.Count > 0 && range.First <= merged[^1].Last + 1) merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, range.Last));
            else merged.Add(range);
        }

        _ranges = [.. merged];
    }

    /// <exception cref="ArgumentException">The text cannot be read; validated text can.</exception>
    public static NumberRanges Parse(string text) =>
        TryParse(text, 0, int.MaxValue - 1, out var ranges) ? ranges! : throw new ArgumentException($"'{text}' is no list of numbers and ranges.", nameof(text));

    public static bool TryParse(string text, int least, int most, out NumberRanges? ranges)
    {
        ranges = null;
        var parsed = new List<(int First, int Last)>();
        foreach (var part in text.Split(','))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !TryParse(ends[0], out var first) || !TryParse(ends[^1], out var last)) return false;
            if (first < least || last > most || last < first) return false;
            parsed.Add((first, last));
        }

        ranges = new(parsed);
        return true;
    }

    /// <summary>Each of the numbers, ascending.</summary>
    public IEnumerable<int> Numbers() => _ranges.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1));

    public bool Contains(int number) => Contains(number, number);

    /// <summary>Whether all numbers from <paramref name="first"/> to <paramref name="last"/> are in the set.</summary>
    public bool Contains(int first, int last)
    {
        foreach (var range in _ranges)
        {
            if (first >= range.First && last <= range.Last) return true;
        }

        return false;
    }

    /// <summary>Whether one of the numbers from <paramref name="first"/> to <paramref name="last"/> is in the set.</summary>
    public bool Overlaps(int first, int last)
    {
        foreach (var range in _ranges)
        {
            if (first <= range.Last && last >= range.First) return true;
        }

        return false;
    }

    /// <summary>Whether every number of the other set is in this one too.</summary>
    public bool Contains(NumberRanges other) => Array.TrueForAll(other._ranges, range => Contains(range.First, range.Last));

    public override string ToString() => string.Join(',', _ranges.Select(range =>
        range.First == range.Last ? range.First.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{range.First}-{range.Last}")));

    private static bool TryParse(string text, out int number) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

/// <summary>Numbers and ranges of numbers between two limits.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NumberRangesAttribute(int least, int most) : ValidationAttribute
{
    public override bool IsValid(object? value) => value is string text && NumberRanges.TryParse(text, least, most, out _);

    public override string FormatErrorMessage(string name) =>
        string.Create(CultureInfo.InvariantCulture, $"must be numbers from {least} to {most} and ranges of them, such as 1-9,12");
}
