namespace SocketSync.Benchmarks;

/// <summary>One contestant in one scenario, over all rounds.</summary>
internal sealed class Row
{
    private readonly Dictionary<int, LoadReport> _reports;

    public Row(string contestant, Scenario scenario, IEnumerable<Measurement> measurements)
    {
        Contestant = contestant;
        var own = measurements.Where(m => m.Contestant == contestant && m.Scenario.Name == scenario.Name).ToList();
        _reports = own.Where(static m => m.Report is not null).ToDictionary(static m => m.Round, static m => m.Report!);
        Failures = [.. own.Select(static m => m.Failure).OfType<string>()];
    }

    public string Contestant { get; }

    public IReadOnlyList<string> Failures { get; }

    public bool IsEmpty => _reports.Count == 0;

    public Median? Rate => Of(static r => r.RequestsPerSecond);

    public Median? Of(Func<LoadReport, double?> figure) => Median.Of(_reports.Values.Select(figure));

    /// <summary>This one's rate over the other's, round by round.</summary>
    public Median? Over(Row other) => Median.Of(_reports
        .Where(pair => other._reports.ContainsKey(pair.Key))
        .Select(pair => (double?)(pair.Value.RequestsPerSecond / other._reports[pair.Key].RequestsPerSecond)));
}
