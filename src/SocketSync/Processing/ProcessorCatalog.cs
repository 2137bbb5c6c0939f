using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

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

    /// <summary>The names of those that are not built in.</summary>
    public IEnumerable<string> Own => Names.Except([ProcessorNames.Echo, ProcessorNames.Relay, ProcessorNames.Tunnel], StringComparer.OrdinalIgnoreCase);

    public ProcessorRegistration this[string name] => _byName[name];

    /// <summary>The type of a processor's settings; <see langword="null"/> if it has none, or there is no such processor.</summary>
    public Type? SettingsOf(string name) => _byName.GetValueOrDefault(name)?.Settings;

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
    string Name, bool NeverBlocks, Func<IServiceProvider, ResourceSetup, IRequestProcessor> Create)
{
    /// <summary>The type of what section <c>Settings</c> of its resources says; <see langword="null"/> if it has no settings.</summary>
    public Type? Settings { get; init; }

    /// <summary>
    /// Tells, without creating it, why it cannot be created in a host with these services, as creating it would;
    /// <see langword="null"/> if nothing is known to be missing.
    /// </summary>
    public Func<IServiceProviderIsService, string?> Lack { get; init; } = static _ => null;

    /// <summary>A processor of the host's own.</summary>
    /// <typeparam name="T">Created with constructor injection.</typeparam>
    public static ProcessorRegistration Of<T>(string name, bool neverBlocks, Type? settings = null)
        where T : class, IRequestProcessor
    {
        return new(name, neverBlocks, static (services, setup) => Create(services, setup)) { Settings = settings };

        static IRequestProcessor Create(IServiceProvider services, ResourceSetup setup)
        {
            if (MissingService(services.GetRequiredService<IServiceProviderIsService>(), typeof(T)) is { } reason)
            {
                var key = $"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.Resources)}:{setup.Name}:{nameof(ResourceOptions.Processor)}";
                throw new SocketSyncStartupException([new ConfigurationProblem(key, setup.Options.Processor, $"cannot be created: {reason}").ToString()]);
            }

            return ActivatorUtilities.CreateInstance<T>(services);
        }
    }

    /// <summary>
    /// Why a type cannot be created, in the words of .NET's own injection; <see langword="null"/> if nothing is known to be missing. Which
    /// of several constructors it takes is left to it.
    /// </summary>
    public static string? MissingService(IServiceProviderIsService services, Type type) =>
        type.GetConstructors() is [var only]
        && Array.Find(only.GetParameters(), parameter => !parameter.HasDefaultValue && !services.IsService(parameter.ParameterType)) is { } missing
            ? $"{nameof(InvalidOperationException)}: Unable to resolve service for type '{missing.ParameterType}' while attempting to activate '{type}'."
            : null;
}

/// <summary>The resource for which a processor is created.</summary>
/// <param name="Name">The resource's name.</param>
/// <param name="Options">The resource's settings.</param>
/// <param name="Clients">The protocols of its clients, by listener name.</param>
/// <param name="Term">This node's right to use the resource, if several nodes share it.</param>
internal sealed record ResourceSetup(string Name, ResourceOptions Options, IReadOnlyDictionary<string, ProtocolOptions> Clients, Term? Term = null);

/// <summary>Replies with the request.</summary>
internal sealed class EchoProcessor : IImmediateProcessor
{
    public ReadOnlySequence<byte> Answer(in ReadOnlySequence<byte> request) => request;
}

/// <summary>A processor that has a device behind it.</summary>
internal interface ILinkedProcessor
{
    /// <summary>Keeps the link to the device.</summary>
    LinkManager Manager { get; }

    /// <summary>The Modbus units that do not answer and are not asked for a while.</summary>
    IReadOnlyList<int> RestingUnits => [];

    /// <summary>The replies of the device that are kept; <see langword="null"/> if its language is not one to keep replies of.</summary>
    ReadCache? Cache => null;

    /// <summary>The outcome of a request that is refused at once, without waiting for a turn; it costs the device nothing.</summary>
    Outcome? RefusalOf(Client client, in ReadOnlySequence<byte> request) => null;
}

/// <summary>Makes the processors that have a device behind them.</summary>
internal static class LinkedProcessors
{
    /// <summary>The environment variable of a process link that tells the epoch of its resource's owner.</summary>
    public const string EpochVariable = "SOCKETSYNC_EPOCH";

    public static IRequestProcessor CreateRelay(IServiceProvider services, ResourceSetup setup)
    {
        var link = setup.Options.Link!;
        var device = link.Protocol ?? setup.Options.Protocol;
        var units = link.Units.ToDictionary(unit => int.Parse(unit.Key, CultureInfo.InvariantCulture), unit => unit.Value);
        var transactions = new ModbusTransactions();
        var protocols = setup.Clients.ToDictionary(
            listener => listener.Key,
            listener => ProtocolCatalog.CreateLink(listener.Value, device, link.MaxReplyBytes, units, transactions),
            StringComparer.OrdinalIgnoreCase);
        var time = services.GetRequiredService<TimeProvider>();
        var cache = device.Definition is { HasUnits: true } ? new ReadCache(protocols, setup.Options.Cache, time) : null;
        return new RelayProcessor(CreateLinkManager(services, setup, device), protocols, time, cache);
    }

    public static IRequestProcessor CreateTunnel(IServiceProvider services, ResourceSetup setup) =>
        new TunnelProcessor(CreateLinkManager(services, setup, setup.Options.Protocol), services.GetRequiredService<TimeProvider>());

    private static LinkManager CreateLinkManager(IServiceProvider services, ResourceSetup setup, ProtocolOptions device)
    {
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var time = services.GetRequiredService<TimeProvider>();
        var options = setup.Options.Link!;
        var framesEndBySilence = device.Definition is { FramesEndBySilence: true };
        var link = LinkFactory.Create(WithEpoch(options, setup.Term), framesEndBySilence, loggers, time, setup.Term);
        return new LinkManager(setup.Name, link, options, time, loggers.CreateLogger<LinkManager>()) { Term = setup.Term };
    }

    /// <summary>Tells a program in which epoch it is started, so that it can refuse an older owner.</summary>
    private static LinkOptions WithEpoch(LinkOptions options, Term? term)
    {
        if (term is null || options.Process is not { } process)
            return options;
        var environment = new Dictionary<string, string>(process.Environment, StringComparer.Ordinal)
        {
            [EpochVariable] = term.Epoch.ToString(CultureInfo.InvariantCulture),
        };
        return options with { Process = process with { Environment = environment } };
    }
}
