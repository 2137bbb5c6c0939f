namespace SocketSync;

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
