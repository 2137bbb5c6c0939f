namespace SocketSync;

/// <summary>Puts into the options what follows from elsewhere, so that nothing need be looked up a second time.</summary>
internal static class ConfigurationCompletion
{
    public static SocketSyncOptions Complete(SocketSyncOptions options, IReadOnlyCollection<string> processors)
    {
        var resources = Named(options.Resources, (_, r) => r with
        {
            Processor = AsRegistered(r.Processor, processors),
            Protocol = Complete(r.Protocol),
            Link = r.Link is { Protocol: { } device } link ? link with { Protocol = Complete(device) } : r.Link,
        });
        var names = resources.Keys.ToDictionary(name => name, StringComparer.OrdinalIgnoreCase);
        var listeners = Named(options.Listeners, (name, l) => Complete(name, l, options.DefaultAddress, resources, names));
        return options with { Resources = resources, Listeners = listeners };
    }

    private static ListenerOptions Complete(
        string name, ListenerOptions listener, string defaultAddress, Dictionary<string, ResourceOptions> resources, Dictionary<string, string> names)
    {
        var resource = listener.Resource ?? name;
        var found = resources.GetValueOrDefault(resource);
        return listener with
        {
            Address = listener.UnixSocket is null ? listener.Address ?? defaultAddress : listener.Address,
            Resource = names.GetValueOrDefault(resource, resource), // As it is written where it is defined.
            Protocol = listener.Protocol is null ? found?.Protocol ?? new() : Complete(listener.Protocol),
        };
    }

    private static ProtocolOptions Complete(ProtocolOptions protocol) =>
        protocol with { Name = ProtocolCatalog.Find(protocol.Name)?.Name ?? protocol.Name };

    private static string AsRegistered(string processor, IReadOnlyCollection<string> processors) =>
        processors.FirstOrDefault(p => p.Equals(processor, StringComparison.OrdinalIgnoreCase)) ?? processor;

    // Where nothing is named there is one, all of whose settings are the defaults.
    private static Dictionary<string, T> Named<T>(Dictionary<string, T> given, Func<string, T, T> complete)
        where T : new()
    {
        if (given.Count == 0) given = new(StringComparer.OrdinalIgnoreCase) { [SocketSyncOptions.DefaultName] = new() };
        return given.ToDictionary(e => e.Key, e => complete(e.Key, e.Value), StringComparer.OrdinalIgnoreCase);
    }
}
