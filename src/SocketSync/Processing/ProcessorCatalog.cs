using System.Buffers;

namespace SocketSync;

/// <summary>The processors that a resource can name.</summary>
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

/// <summary>A processor that a resource can name.</summary>
/// <param name="Name">The name that a resource's <c>Processor</c> gives.</param>
/// <param name="NeverBlocks">Whether it may run on a thread that moves bytes.</param>
/// <param name="Create">Makes the one instance of a resource.</param>
internal sealed record ProcessorRegistration(
    string Name, bool NeverBlocks, Func<IServiceProvider, ResourceSetup, IRequestProcessor> Create);

/// <summary>The resource that a processor is made for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Options">Its settings.</param>
/// <param name="Clients">What its clients speak, by the name of their listener.</param>
internal sealed record ResourceSetup(string Name, ResourceOptions Options, IReadOnlyDictionary<string, ProtocolOptions> Clients);

/// <summary>Replies with the request.</summary>
internal sealed class EchoProcessor : IImmediateProcessor
{
    public ReadOnlySequence<byte> Answer(in ReadOnlySequence<byte> request) => request;
}
