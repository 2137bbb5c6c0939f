using System.Globalization;

namespace SocketSync;

/// <summary>
/// How long a Modbus relay answers reads by an earlier reply of its device. Reloaded when the file changes; off unless
/// <see cref="MaxAge"/> is given.
/// </summary>
public sealed record CacheOptions
{
    /// <summary>The oldest reply that answers a read without a turn; 0 turns the cache off.</summary>
    [Duration(ZeroIsOff = true)]
    public TimeSpan MaxAge { get; init; }

    /// <summary>By how much a reply may be older than <see cref="MaxAge"/> while the device is away.</summary>
    [Duration(ZeroIsOff = true)]
    public TimeSpan StaleFor { get; init; }
}

/// <summary>Validates where a cache can be, and its times together. One that is said to be off may stand anywhere.</summary>
internal sealed class CacheRules(ConfigurationFindings findings)
{
    public void Check(SocketSyncOptions options)
    {
        foreach (var (name, resource) in options.Resources)
        {
            var path = $"{SocketSyncOptions.SectionName}:{nameof(options.Resources)}:{name}";
            var cache = $"{path}:{nameof(resource.Cache)}";
            if (findings.IsFaultyBelow(cache) || resource.Cache == new CacheOptions())
                continue;
            if (findings.IsFaulty($"{path}:{nameof(resource.Processor)}") || findings.IsFaulty(cache))
                continue;
            var device = resource.Link?.Protocol ?? resource.Protocol;
            var maxAge = Text(resource.Cache.MaxAge);
            if (!resource.Processor.Equals(ProcessorNames.Relay, StringComparison.OrdinalIgnoreCase))
                findings.Report(cache, null, $"is for the processor {ProcessorNames.Relay}, not for {resource.Processor}; leave it out");
            else if (device.Definition is { HasUnits: false })
                findings.Report(cache, null, $"is for the protocols {ProtocolCatalog.AsList(ProtocolCatalog.All.Where(p => p.HasUnits))}, not for {device.Name}");
            else if (resource.Cache.MaxAge == TimeSpan.Zero)
                findings.Report(
                    $"{cache}:{nameof(CacheOptions.StaleFor)}", Text(resource.Cache.StaleFor), $"needs {nameof(CacheOptions.MaxAge)}, which is {maxAge}: nothing is kept");
        }
    }

    private static string Text(TimeSpan time) => time.ToString("c", CultureInfo.InvariantCulture);
}
