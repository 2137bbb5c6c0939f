using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>A processor that has a device behind it.</summary>
internal interface ILinkedProcessor
{
    /// <summary>Keeps the link to the device.</summary>
    LinkManager Manager { get; }

    /// <summary>The Modbus units that do not answer and are not asked for a while.</summary>
    IReadOnlyList<int> RestingUnits => [];

    /// <summary>The outcome of a request that is refused at once, without waiting for a turn; it costs the device nothing.</summary>
    Outcome? RefusalOf(Client client, in ReadOnlySequence<byte> request) => null;
}

/// <summary>Makes the processors that have a device behind them.</summary>
internal static class LinkedProcessors
{
    public static IRequestProcessor CreateRelay(IServiceProvider services, ResourceSetup setup)
    {
        var link = setup.Options.Link!;
        var device = link.Protocol ?? setup.Options.Protocol;
        var units = link.Units.ToDictionary(unit => int.Parse(unit.Key, CultureInfo.InvariantCulture), unit => unit.Value);
        var protocols = setup.Clients.ToDictionary(
            listener => listener.Key,
            listener => ProtocolCatalog.CreateLink(listener.Value, device, link.MaxReplyBytes, units),
            StringComparer.OrdinalIgnoreCase);
        return new RelayProcessor(CreateLinkManager(services, setup, device), protocols, services.GetRequiredService<TimeProvider>());
    }

    public static IRequestProcessor CreateTunnel(IServiceProvider services, ResourceSetup setup) =>
        new TunnelProcessor(CreateLinkManager(services, setup, setup.Options.Protocol), services.GetRequiredService<TimeProvider>());

    private static LinkManager CreateLinkManager(IServiceProvider services, ResourceSetup setup, ProtocolOptions device)
    {
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var time = services.GetRequiredService<TimeProvider>();
        var options = setup.Options.Link!;
        var framesEndBySilence = ProtocolCatalog.Find(device.Name) is { FramesEndBySilence: true };
        return new LinkManager(setup.Name, LinkFactory.Create(options, framesEndBySilence, loggers, time), options, time, loggers.CreateLogger<LinkManager>());
    }
}
