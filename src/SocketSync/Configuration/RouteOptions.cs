namespace SocketSync;

/// <summary>Which resource serves the requests of a listener that name one of these Modbus units.</summary>
public sealed record RouteOptions
{
    /// <summary>The units, as numbers and ranges such as "1-9,12".</summary>
    [NumberRanges(0, byte.MaxValue)]
    public string? Units { get; init; }

    /// <summary>The resource's name.</summary>
    public string? Resource { get; init; }
}

/// <summary>Validates the routes of a listener: each unit goes to one resource, and each resource exists.</summary>
internal sealed class RouteRules(ConfigurationFindings findings)
{
    public void Check(string listenerPath, ListenerOptions listener, SocketSyncOptions options)
    {
        var path = $"{listenerPath}:{nameof(listener.Routes)}";
        var single = $"{listenerPath}:{nameof(listener.Resource)}";
        if (findings.IsGiven(single))
            findings.Report(single, findings.Values[single], $"must not be given with {nameof(listener.Routes)}, which name the resources");

        var own = $"{listenerPath}:{nameof(listener.Protocol)}";
        var isKnown = findings.IsGivenBelow(own) ? !findings.IsFaultyBelow(own) : options.Resources.ContainsKey(listener.Resource!);
        if (isKnown && listener.Protocol!.Definition is { HasUnits: false } protocol)
        {
            var speaking = ProtocolCatalog.AsList(ProtocolCatalog.All.Where(p => p.HasUnits));
            findings.Report(path, null, $"are for clients of {speaking}, not of {protocol.Name}: no other request names a unit");
        }

        var taken = new string?[byte.MaxValue + 1];
        foreach (var (entry, route) in findings.EntriesOf(path).Zip(listener.Routes))
        {
            CheckResource($"{entry}:{nameof(route.Resource)}", route.Resource, options);
            CheckUnits($"{entry}:{nameof(route.Units)}", route.Units, entry, taken);
        }
    }

    private void CheckResource(string key, string? resource, SocketSyncOptions options)
    {
        if (findings.IsFaulty(key))
            return;
        if (resource is null)
            findings.Report(key, null, "must be given: the resource that serves these units");
        else if (!options.Resources.ContainsKey(resource))
            findings.Report(key, resource, ConfigurationValue.OneOf(resource, options.Resources.Keys));
    }

    private void CheckUnits(string key, string? units, string entry, string?[] taken)
    {
        if (findings.IsFaulty(key))
            return;
        if (units is null)
        {
            findings.Report(key, null, "must be given: the units that go to this resource, such as \"1-9,12\"");
            return;
        }

        foreach (var unit in NumberRanges.Parse(units).Numbers())
        {
            if (taken[unit] is { } other)
            {
                findings.Report(key, units, $"names unit {unit}, which {other} has already");
                return;
            }

            taken[unit] = entry;
        }
    }
}
