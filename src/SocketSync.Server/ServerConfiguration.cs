using System.Text;

namespace SocketSync;

/// <summary>
/// The sources of the server's configuration: the file, overridden by the environment, overridden by the command line.
/// </summary>
internal static class ServerConfiguration
{
    private const string ShippedName = "appsettings.json";

    /// <summary>The names of the built-in processors; plugins add others.</summary>
    public static readonly IReadOnlyCollection<string> Processors = new ProcessorCatalog().Names;

    /// <summary>Loads the whole configuration once, without reload.</summary>
    /// <exception cref="SocketSyncStartupException">The file cannot be read, in one line.</exception>
    public static ConfigurationManager Load(ServerArguments arguments)
    {
        var configuration = new ConfigurationManager();
        AddSources(configuration, arguments, reloadOnChange: false);
        return configuration;
    }

    /// <exception cref="SocketSyncStartupException">The file cannot be read, in one line.</exception>
    public static void AddSources(IConfigurationBuilder configuration, ServerArguments arguments, bool reloadOnChange)
    {
        if (arguments.Settings is { } settings) configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(settings)));
        else if (IsAlone(arguments)) configuration.AddJsonStream(typeof(ServerConfiguration).Assembly.GetManifestResourceStream(ShippedName)!);
        else AddFile(configuration, FileOf(arguments), reloadOnChange);
        configuration
            .AddEnvironmentVariables("DOTNET_")
            .AddEnvironmentVariables("ASPNETCORE_")
            .AddEnvironmentVariables()
            .AddInMemoryCollection(arguments.Keys);
    }

    /// <summary>
    /// Returns the file's full path; the shipped file is next to the program, whatever the current directory is. Where it is a link,
    /// to where a system keeps its configuration, paths count from the file itself.
    /// </summary>
    public static string FileOf(ServerArguments arguments)
    {
        if (arguments.ConfigFile is { } named) return Path.GetFullPath(named);
        var shipped = Path.Combine(AppContext.BaseDirectory, ShippedName);
        return File.Exists(shipped) && File.ResolveLinkTarget(shipped, returnFinalTarget: false) is { } target ? target.FullName : shipped;
    }

    /// <summary>Returns what to call the configuration in a message.</summary>
    public static string NameOf(ServerArguments arguments) =>
        IsAlone(arguments) ? "The configuration that the program brings" : FileOf(arguments);

    /// <summary>Loads the plugins, which are in the file's folder or below.</summary>
    public static PluginResult LoadPlugins(IConfiguration configuration, ServerArguments arguments, ProcessorCatalog processors) =>
        PluginLoader.Load(configuration, Path.GetDirectoryName(FileOf(arguments))!, processors);

    // A program in a single file may have been copied without the file beside it, and then runs as it is shipped.
    private static bool IsAlone(ServerArguments arguments) => arguments.ConfigFile is null && !Path.Exists(FileOf(arguments));

    private static void AddFile(IConfigurationBuilder configuration, string file, bool reloadOnChange)
    {
        if (Directory.Exists(file)) throw Unreadable($"{file}: is a directory; --config must name a JSON file");
        if (!File.Exists(file)) throw Unreadable($"{file}: there is no such file; --config must name a JSON file");
        try
        {
            configuration.Add(new PolledJsonSource(file, reloadOnChange ? TimeProvider.System : null));
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw Unreadable(ConfigurationFiles.Describe(file, e));
        }
    }

    private static SocketSyncStartupException Unreadable(string problem) => new([problem]);
}
