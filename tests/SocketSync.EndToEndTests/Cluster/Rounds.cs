using System.Collections;
using System.Globalization;

namespace SocketSync.EndToEndTests;

/// <summary>How often a fault is tried: once, or as often as the environment says.</summary>
internal sealed class Rounds : IEnumerable<TheoryDataRow<int>>
{
    private const string Variable = "SOCKETSYNC_CLUSTER_ROUNDS";

    private static int Count =>
        int.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out var count) ? count : 1;

    public IEnumerator<TheoryDataRow<int>> GetEnumerator() => Enumerable.Range(1, Count).Select(round => new TheoryDataRow<int>(round)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Tests of several nodes: their times are promised, and so nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ClusterTests
{
    public const string Name = "cluster";
}
