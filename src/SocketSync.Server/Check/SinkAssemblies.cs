using System.Reflection;
using Serilog;
using Serilog.Core;
using Serilog.Settings.Configuration;

namespace SocketSync;

/// <summary>The assemblies in which the sinks of section Serilog are looked for.</summary>
internal static class SinkAssemblies
{
    private const string Section = "Serilog";

    /// <summary>What has Serilog's name and comes with the server. In a single file it lies beside nothing, so that it is named here.</summary>
    private static readonly string[] Bundled = ["Serilog.Sinks.Console", "Serilog.Sinks.Debug", "Serilog.Sinks.File"];

    /// <summary>The keys of the section that are plain values.</summary>
    private static readonly string[] Values = ["MinimumLevel", "LevelSwitches", "Properties"];

    private static readonly bool IsSingleFile =
        !File.Exists(Path.Combine(AppContext.BaseDirectory, $"{typeof(SinkAssemblies).Assembly.GetName().Name}.dll"));

    /// <summary>Serilog itself, what its section is told to use, and what has its name and comes with the server.</summary>
    public static IEnumerable<Assembly> Of(IConfiguration configuration)
    {
        var own = IsSingleFile
            ? Bundled.Select(name => new AssemblyName(name))
            : Directory.EnumerateFiles(AppContext.BaseDirectory, $"*{Section}*.dll").Select(AssemblyName.GetAssemblyName);
        var told = configuration.GetSection($"{Section}:Using").GetChildren().Select(name => name.Value).OfType<string>().Select(name => new AssemblyName(name));
        return own.Concat(told).Select(Assembly.Load).Append(typeof(Log).Assembly).Distinct();
    }

    /// <summary>
    /// Tells Serilog's reader where to look. By itself it finds nothing in a single file, and elsewhere it reads the list of all assemblies,
    /// a tenth of the time of a start, even if the section names nothing that could be in one.
    /// </summary>
    /// <param name="configuration">The whole configuration.</param>
    /// <param name="onLevelSwitchCreated">Is told of each switch of a level, by its name.</param>
    public static ConfigurationReaderOptions ReaderOptions(IConfiguration configuration, Action<string, LoggingLevelSwitch> onLevelSwitchCreated) =>
        !NamesMethods(configuration) ? new(typeof(Log).Assembly) { OnLevelSwitchCreated = onLevelSwitchCreated }
        : IsSingleFile ? new([.. Of(configuration)]) { OnLevelSwitchCreated = onLevelSwitchCreated }
        : new() { OnLevelSwitchCreated = onLevelSwitchCreated };

    /// <summary>Whether the section names sinks, enrichers or anything else that is a method of some assembly.</summary>
    private static bool NamesMethods(IConfiguration configuration) =>
        configuration.GetSection(Section).GetChildren().Any(key => !Values.Contains(key.Key, StringComparer.OrdinalIgnoreCase));
}
