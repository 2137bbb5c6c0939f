using System.Text;

namespace SocketSync;

/// <summary>
/// The sources of the server's configuration: the file, overridden by the environment, overridden by the command line.
/// </summary>
internal static class ServerConfiguration
{
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
        else AddFile(configuration, FileOf(arguments), reloadOnChange);
        configuration
            .AddEnvironmentVariables("DOTNET_")
            .AddEnvironmentVariables("ASPNETCORE_")
            .AddEnvironmentVariables()
            .AddInMemoryCollection(arguments.Keys);
    }

    /// <summary>
    /// Returns the file's full path; the shipped file is next to the program, whatever the current directory is.
    /// </summary>
    public static string FileOf(ServerArguments arguments) =>
        Path.GetFullPath(arguments.ConfigFile ?? Path.Combine(AppContext.BaseDirectory, "appsettings.json"));

    /// <summary>Loads the plugins, which are in the file's folder or below.</summary>
    public static PluginResult LoadPlugins(IConfiguration configuration, ServerArguments arguments, ProcessorCatalog processors) =>
        PluginLoader.Load(configuration, Path.GetDirectoryName(FileOf(arguments))!, processors);

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
