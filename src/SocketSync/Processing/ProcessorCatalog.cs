namespace SocketSync;

/// <summary>The processors that a resource can name.</summary>
internal sealed class ProcessorCatalog
{
    private readonly Dictionary<string, ProcessorRegistration> _byName = new(StringComparer.OrdinalIgnoreCase);

    public const string Echo = "Echo";
    public const string Relay = "Relay";
    public const string Tunnel = "Tunnel";

    public ProcessorCatalog()
    {
        Add(new ProcessorRegistration(Echo, NeverBlocks: true, static (_, _) => new EchoProcessor()));
        Add(new ProcessorRegistration(Relay, NeverBlocks: true, LinkedProcessors.CreateRelay));
        Add(new ProcessorRegistration(Tunnel, NeverBlocks: true, LinkedProcessors.CreateTunnel));
    }

    public IReadOnlyCollection<string> Names => _byName.Keys;

    public ProcessorRegistration this[string name] => _byName[name];

    public void Add(ProcessorRegistration registration)
    {
        if (!_byName.TryAdd(registration.Name, registration))
            throw new ArgumentException($"There is a processor named '{registration.Name}' already.", nameof(registration));
    }
}
