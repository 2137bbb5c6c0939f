using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>Adds the host's own parts to SocketSync: processors, protocols, resources and listeners.</summary>
[SuppressMessage("ApiDesign", "RS0026", Justification = "The overloads differ by their type parameters, or by the function: no call fits two of them.")]
public sealed class SocketSyncBuilder
{
    private readonly CodeConfiguration _code;
    private readonly ProcessorCatalog _processors;
    private readonly OwnProtocols _protocols;

    internal SocketSyncBuilder(IServiceCollection services, CodeConfiguration code, ProcessorCatalog processors, OwnProtocols protocols) =>
        (Services, _code, _processors, _protocols) = (services, code, processors, protocols);

    /// <summary>The host's services, for packages that add to SocketSync.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds a processor under the name that a resource's <c>Processor</c> gives.</summary>
    /// <typeparam name="T">The processor; one is created for each resource that names it, with constructor injection.</typeparam>
    /// <param name="name">The name, unlike any other; upper and lower case are the same.</param>
    /// <param name="neverBlocks">
    /// <see langword="true"/> promises that the processor never blocks its thread: no locks, no files, no long computation. It then
    /// runs on the I/O thread that moves the bytes of every client, without a thread switch, and its code after an await runs where
    /// the awaited operation completed. If in doubt, leave it out.
    /// </param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public SocketSyncBuilder AddProcessor<T>(string name, bool neverBlocks = false)
        where T : class, IRequestProcessor =>
        Add(name, () => ProcessorRegistration.Of<T>(name, neverBlocks));

    /// <summary>
    /// Adds a processor that has settings: what section <c>Settings</c> of each of its resources says, as
    /// <see cref="IOptionsMonitor{TOptions}"/> under the resource's name (<c>monitor.Get(context.Resource)</c>).
    /// </summary>
    /// <typeparam name="T">The processor; one is created for each resource that names it, with constructor injection.</typeparam>
    /// <typeparam name="TSettings">
    /// The settings, with their defaults. An unknown key, a value that cannot be read, and one that an attribute such as
    /// <see cref="System.ComponentModel.DataAnnotations.RangeAttribute"/> forbids is a problem of the configuration: the host does not
    /// start, or goes on with the former settings where the file was changed.
    /// </typeparam>
    /// <param name="name">The name, unlike any other; upper and lower case are the same.</param>
    /// <param name="neverBlocks">As for <see cref="AddProcessor{T}(string, bool)"/>.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public SocketSyncBuilder AddProcessor<T, TSettings>(string name, bool neverBlocks = false)
        where T : class, IRequestProcessor
        where TSettings : class, new()
    {
        Add(name, () => ProcessorRegistration.Of<T>(name, neverBlocks, typeof(TSettings)));
        ResourceSettings.Add<TSettings>(Services);
        return this;
    }

    /// <summary>Adds a function as a processor. It is called for one request at a time of each resource, and for several resources at once.</summary>
    /// <param name="name">The name, unlike any other; upper and lower case are the same.</param>
    /// <param name="process">What is done in a turn, as <see cref="IRequestProcessor.ProcessAsync"/>.</param>
    /// <param name="neverBlocks">As for <see cref="AddProcessor{T}(string, bool)"/>.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public SocketSyncBuilder AddProcessor(string name, Func<RequestContext, CancellationToken, ValueTask> process, bool neverBlocks = false)
    {
        ArgumentNullException.ThrowIfNull(process);
        return Add(name, () => new ProcessorRegistration(name, neverBlocks, (_, _) => new ProcessorFunction(process)));
    }

    /// <summary>Adds a protocol under the name that <c>Protocol:Name</c> of a resource or a listener gives.</summary>
    /// <typeparam name="T">
    /// The protocol; one is created for each listener, with constructor injection, and serves all of its clients. A constructor may
    /// take the <see cref="ProtocolOptions"/> of the configuration.
    /// </typeparam>
    /// <param name="name">The name, unlike any other; upper and lower case are the same.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>A relay whose device speaks it takes the replies to be framed as requests are.</remarks>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public SocketSyncBuilder AddProtocol<T>(string name)
        where T : class, IProtocol
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _protocols.Add<T>(name);
        return this;
    }

    /// <summary>Adds a resource, as section <c>SocketSync:Resources</c> of the configuration would; what that says stands over it.</summary>
    /// <param name="name">The resource's name: letters, digits, '-', '_' and '.'.</param>
    /// <param name="options">What differs from the defaults.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>Checked together with the rest of the configuration when the host is built.</remarks>
    public SocketSyncBuilder AddResource(string name, ResourceOptions? options = null) =>
        AddSection(nameof(SocketSyncOptions.Resources), name, options ?? new ResourceOptions());

    /// <summary>Adds a listener, as section <c>SocketSync:Listeners</c> of the configuration would; what that says stands over it.</summary>
    /// <param name="name">The listener's name: letters, digits, '-', '_' and '.'. It leads to the resource of the same name unless the options name another.</param>
    /// <param name="options">What differs from the defaults.</param>
    /// <returns>The same builder.</returns>
    /// <remarks>Checked together with the rest of the configuration when the host is built.</remarks>
    public SocketSyncBuilder AddListener(string name, ListenerOptions? options = null) =>
        AddSection(nameof(SocketSyncOptions.Listeners), name, options ?? new ListenerOptions());

    private SocketSyncBuilder AddSection(string kind, string name, object options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _code.Add(ConfigurationPath.Combine(SocketSyncOptions.SectionName, kind, name), options);
        return this;
    }

    private SocketSyncBuilder Add(string name, Func<ProcessorRegistration> processor)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        _processors.Add(processor());
        return this;
    }
}
