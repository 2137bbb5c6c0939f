using System.Globalization;

namespace SocketSync;

/// <summary>
/// The rules of a resource, in the order in which they are read: the first that fits a request decides, and without one it is allowed.
/// Immutable; a reload makes a new one.
/// </summary>
internal sealed class AccessList
{
    private AccessList(string resource, IEnumerable<AccessRule> rules)
    {
        Resource = resource;
        Rules = [.. rules];
    }

    /// <summary>The name of the resource, the same after a reload.</summary>
    public string Resource { get; }

    public IReadOnlyList<AccessRule> Rules { get; }

    /// <returns><see langword="null"/> if there are no rules: everybody may ask for everything.</returns>
    public static AccessList? Of(string resource, ResourceOptions options)
    {
        if (options.Access.Count == 0) return null;
        var broadcasts = BroadcastsOf(options.Link);
        return new(resource, options.Access.Select(rule => new AccessRule(rule, broadcasts)));
    }

    /// <summary>
    /// The units, as clients name them, whose requests go to unit 0 of the device. On TCP that is a unit like any other, but a gateway
    /// behind it may make a broadcast of it again.
    /// </summary>
    private static bool[] BroadcastsOf(LinkOptions? link)
    {
        var units = link?.Units.ToDictionary(unit => int.Parse(unit.Key, CultureInfo.InvariantCulture), unit => unit.Value) ?? [];
        return [.. Enumerable.Range(0, byte.MaxValue + 1).Select(unit => units.GetValueOrDefault(unit, unit) == ModbusFraming.Broadcast)];
    }
}
