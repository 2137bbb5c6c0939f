namespace SocketSync.Benchmarks;

/// <summary>The middle of several rounds, and what lies around it.</summary>
internal readonly record struct Median(double Value, double Least, double Most)
{
    public static Median? Of(IEnumerable<double?> values)
    {
        var sorted = values.OfType<double>().Order().ToList();
        if (sorted.Count == 0) return null;
        var middle = (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
        return new Median(middle, sorted[0], sorted[^1]);
    }
}
