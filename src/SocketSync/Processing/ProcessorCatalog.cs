using System.Buffers;

namespace SocketSync;

/// <summary>The processors available to resources, by name.</summary>
internal sealed class ProcessorCatalog
{
    private readonly Dictionary<string, ProcessorRegistration> _byName = new(StringComparer.OrdinalIgnoreCase);

    public ProcessorCatalog()
    {
        Add(new ProcessorRegistration(ProcessorNames.Echo, NeverBlocks: true, static (_, _) => new EchoProcessor()));
        Add(new ProcessorRegistration(ProcessorNames.Relay, NeverBlocks: true, LinkedProcessors.CreateRelay));
        Add(new ProcessorRegistration(ProcessorNames.Tunnel, NeverBlocks: true, LinkedProcessors.CreateTunnel));
    }

    public IReadOnlyCollection<string> Names => _byName.Keys;

    public ProcessorRegistration this[string name] => _byName[name];

    public void Add(ProcessorRegistration registration)
    {
        if (!_byName.TryAdd(registration.Name, registration))
            throw new ArgumentException($"There is a processor named '{registration.Name}' already.", nameof(registration));
    }
}

/// <summary>A processor available to resources.</summary>
/// <param name="Name">The name used in a resource's <c>Processor</c> setting.</param>
/// <param name="NeverBlocks">Whether the processor may run on the I/O thread.</param>
/// <param name="Create">Creates the instance for a resource.</param>
internal sealed record ProcessorRegistration(
    string Name, bool NeverBlocks, Func<IServiceProvider, ResourceSetup, IRequestProcessor> Create);

/// <summary>The resource for which a processor is created.</summary>
/// <param name="Name">The resource's name.</param>
/// <param name="Options">The resource's settings.</param>
/// <param name="Clients">The protocols of its clients, by listener name.</param>
internal sealed record ResourceSetup(string Name, ResourceOptions Options, IReadOnlyDictionary<string, ProtocolOptions> Clients);

/// <summary>Replies with the request.</summary>
internal sealed class EchoProcessor : IImmediateProcessor
{
    public ReadOnlySequence<byte> Answer(in ReadOnlySequence<byte> request) => request;
}
