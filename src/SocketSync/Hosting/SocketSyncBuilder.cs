using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>Adds to SocketSync what the host brings itself.</summary>
public sealed class SocketSyncBuilder
{
    private readonly ProcessorCatalog _processors;

    internal SocketSyncBuilder(IServiceCollection services, ProcessorCatalog processors) => (Services, _processors) = (services, processors);

    /// <summary>The host's services, for packages that add to SocketSync.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds a processor under the name that a resource's <c>Processor</c> gives.</summary>
    /// <typeparam name="T">The processor; one is created for each resource that names it, with constructor injection.</typeparam>
    /// <param name="name">The name, unlike any other; upper and lower case are the same.</param>
    /// <param name="neverBlocks">
    /// <see langword="true"/> promises that it never blocks its thread, not for a lock, a file or a long computation: it
    /// then runs on the thread that moves bytes for every client, without a hop, and its code after an await runs where
    /// the awaited thing completed. If in doubt, leave it.
    /// </param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public SocketSyncBuilder AddProcessor<T>(string name, bool neverBlocks = false)
        where T : class, IRequestProcessor
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _processors.Add(new ProcessorRegistration(name, neverBlocks, (services, _) => ActivatorUtilities.CreateInstance<T>(services)));
        return this;
    }
}
