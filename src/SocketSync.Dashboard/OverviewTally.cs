namespace SocketSync;

/// <summary>How many resources are in each state, those first that an operator should look at.</summary>
internal static class OverviewTally
{
    private static readonly string[] Order = ["Stuck", "Unavailable", "Paused", "Busy", "Idle"];

    public static IReadOnlyList<(string State, int Count)> Of(IEnumerable<ResourceView> resources) =>
        [.. resources.CountBy(resource => resource.State, StringComparer.Ordinal)
            .Select(count => (State: count.Key, Count: count.Value))
            .OrderBy(count => Array.IndexOf(Order, count.State))];
}
