namespace SocketSync.Benchmarks;

/// <summary>What is compared, and for how long.</summary>
internal sealed record CompareOptions
{
    public required int Rounds { get; init; }

    public required double Seconds { get; init; }

    public required double Warmup { get; init; }

    public required IReadOnlyList<Scenario> Scenarios { get; init; }

    /// <summary>Names; empty for all.</summary>
    public required IReadOnlyList<string> Contestants { get; init; }

    public bool Takes(string contestant) => Contestants.Count == 0 || Contestants.Contains(contestant, StringComparer.OrdinalIgnoreCase);
}
