using System.Globalization;

namespace SocketSync;

/// <summary>What a configuration may say, and surely does not mean.</summary>
internal static class ConfigurationWarnings
{
    public static IEnumerable<string> Of(SocketSyncOptions options)
    {
        var listeners = options.ListenersByResource();
        foreach (var (name, resource) in options.Resources)
        {
            if (!listeners.Contains(name))
                yield return $"warning: resource {name}: no listener reaches it; name it as the {nameof(ListenerOptions.Resource)} of a listener or in its {nameof(ListenerOptions.Routes)}";
            if (resource.Link is not { } link) continue;
            if (IsCutShort(resource, link))
                yield return $"warning: resource {name}: {nameof(resource.Gate)}:{nameof(GateOptions.TurnTimeout)}, {Text(resource.Gate.TurnTimeout)}, is below "
                    + $"{nameof(resource.Link)}:{nameof(link.ReplyTimeout)}, {Text(link.ReplyTimeout)}: a turn ends before the device has had its time to answer";
            foreach (var same in link.Units.GroupBy(unit => unit.Value).Where(same => same.Count() > 1))
                yield return $"warning: resource {name}: {nameof(resource.Link)}:{nameof(link.Units)} sends {Numbers(same.Select(unit => unit.Key))} to one unit, {same.Key.ToString(CultureInfo.InvariantCulture)}";
        }
    }

    // A tunnel's turn is bounded by MaxHold; the device's time counts only from the end of its client's stream.
    private static bool IsCutShort(ResourceOptions resource, LinkOptions link) =>
        resource.Processor.Equals(ProcessorNames.Relay, StringComparison.OrdinalIgnoreCase) && resource.Gate.TurnTimeout < link.ReplyTimeout;

    private static string Numbers(IEnumerable<string> units)
    {
        var ascending = units.OrderBy(unit => int.Parse(unit, CultureInfo.InvariantCulture)).ToList();
        return $"{string.Join(", ", ascending[..^1])} and {ascending[^1]}";
    }

    private static string Text(TimeSpan time) => time.ToString("c", CultureInfo.InvariantCulture);
}
