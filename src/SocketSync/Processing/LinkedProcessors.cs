using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync;

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
        return new Relay(CreateKeeper(services, setup, device), protocols, services.GetRequiredService<TimeProvider>());
    }

    public static IRequestProcessor CreateTunnel(IServiceProvider services, ResourceSetup setup) =>
        new Tunnel(CreateKeeper(services, setup, setup.Options.Protocol), services.GetRequiredService<TimeProvider>());

    private static LinkKeeper CreateKeeper(IServiceProvider services, ResourceSetup setup, ProtocolOptions device)
    {
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var time = services.GetRequiredService<TimeProvider>();
        var options = setup.Options.Link!;
        var framesEndBySilence = ProtocolCatalog.Find(device.Name) is { FramesEndBySilence: true };
        return new LinkKeeper(setup.Name, LinkFactory.Create(options, framesEndBySilence, loggers, time), options, time, loggers.CreateLogger<LinkKeeper>());
    }
}
