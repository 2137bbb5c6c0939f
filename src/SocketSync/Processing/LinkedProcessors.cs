using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Makes the processors that have a device behind them.</summary>
internal static class LinkedProcessors
{
    public static IRequestProcessor CreateRelay(IServiceProvider services, string resource, ResourceOptions options)
    {
        var link = options.Link!;
        var device = link.Protocol ?? options.Protocol;
        var units = link.Units.ToDictionary(unit => int.Parse(unit.Key, System.Globalization.CultureInfo.InvariantCulture), unit => unit.Value);
        return new Relay(
            CreateKeeper(services, resource, link),
            LinkProtocolFactory.Create(options.Protocol, link.Protocol, link.MaxReplyBytes, units),
            wantsTurnaround: device.Name.Equals("ModbusRtu", StringComparison.OrdinalIgnoreCase),
            services.GetRequiredService<TimeProvider>());
    }

    public static IRequestProcessor CreateTunnel(IServiceProvider services, string resource, ResourceOptions options) =>
        new Tunnel(CreateKeeper(services, resource, options.Link!), services.GetRequiredService<TimeProvider>());

    private static LinkKeeper CreateKeeper(IServiceProvider services, string resource, LinkOptions options)
    {
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var time = services.GetRequiredService<TimeProvider>();
        return new LinkKeeper(resource, LinkFactory.Create(options, loggers, time), options, time, loggers.CreateLogger<LinkKeeper>());
    }
}
