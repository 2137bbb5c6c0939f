using System.Globalization;
using Microsoft.Extensions.Primitives;
using Serilog;
using Serilog.Core;
using Serilog.Debugging;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Compact;
using Serilog.Settings.Configuration;

namespace SocketSync;

/// <summary>
/// Configures Serilog from its section; without WriteTo it logs to the console, as text or, in a container, as JSON.
/// </summary>
internal static class ServerLogging
{
    private const string Section = "Serilog";

    // The keys that create sinks. All others decide, on the thread that logs, what becomes an event and what it contains.
    private static readonly string[] SinkKeys = ["WriteTo", "AuditTo"];
    private static readonly string[] KeysForSinks = ["WriteTo", "Using", "LevelSwitches", "FilterSwitches"];

    /// <returns>
    /// A logger that never blocks its callers, whatever its sinks do; disposing it flushes it, for at most a second.
    /// </returns>
    /// <exception cref="SocketSyncStartupException">The section cannot be used, in one line.</exception>
    public static Logger Create(IConfigurationRoot configuration) => Create(configuration, (events, levels) =>
        events.WriteTo.Sink(new QueuedSink(CreateSinks(configuration, levels))));

    /// <summary>Creates everything except the sinks, which would open files and connections; they are only looked for.</summary>
    /// <exception cref="SocketSyncStartupException">The section cannot be used, in one line.</exception>
    public static void Check(IConfigurationRoot configuration) => Create(configuration, (_, _) =>
    {
        RefuseAudits(configuration);
        SinkCheck.Run(configuration);
    }).Dispose();

    private static Logger Create(IConfigurationRoot configuration, Action<LoggerConfiguration, Dictionary<string, LoggingLevelSwitch>> addSinks)
    {
        var mistakes = new List<string>();
        SelfLog.Enable(m => mistakes.Add(FirstSentence(m)));
        try
        {
            var levels = new Dictionary<string, LoggingLevelSwitch>(StringComparer.OrdinalIgnoreCase);
            var logging = new LoggerConfiguration()
                .MinimumLevel.Information()
                .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
                .MinimumLevel.Override("System", LogEventLevel.Warning)
                // Kestrel lists every listener as http://; the server logs itself where it listens.
                .MinimumLevel.Override("Microsoft.Hosting.Lifetime", LogEventLevel.Warning)
                // Otherwise every probe logs an error while the device is unavailable; the server logs that once itself.
                .MinimumLevel.Override("Microsoft.Extensions.Diagnostics.HealthChecks", LogEventLevel.Fatal)
                .Filter.ByExcluding(IsFailureToStart)
                .ReadFrom.Configuration(
                    ConfigurationView.Of(configuration, Section, key => !SinkKeys.Contains(key, StringComparer.OrdinalIgnoreCase)),
                    SinkAssemblies.ReaderOptions(configuration, (name, level) => levels[name] = level));
            addSinks(logging, levels);
            return mistakes.Count == 0
                ? logging.CreateLogger()
                : throw new InvalidOperationException(string.Join("; ", mistakes.Distinct(StringComparer.Ordinal)));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or System.Reflection.TargetInvocationException or IOException)
        {
            throw new SocketSyncStartupException([$"Serilog: {e.GetBaseException().Message}"]);
        }
        finally
        {
            SelfLog.Enable(StandardErrorWriter.WriteLine);
        }
    }

    private static Logger CreateSinks(IConfigurationRoot configuration, Dictionary<string, LoggingLevelSwitch> levels)
    {
        RefuseAudits(configuration);
        var sinks = new LoggerConfiguration().MinimumLevel.Verbose().ReadFrom.Configuration(
            ConfigurationView.Of(configuration, Section, key => KeysForSinks.Contains(key, StringComparer.OrdinalIgnoreCase)),
            SinkAssemblies.ReaderOptions(configuration, (name, level) => Follow(level, levels.GetValueOrDefault(name))));
        if (!configuration.GetSection($"{Section}:WriteTo").GetChildren().Any()) sinks.WriteTo.Console(Formatter(configuration));
        return sinks.CreateLogger();
    }

    private static void RefuseAudits(IConfigurationRoot configuration)
    {
        if (configuration.GetSection($"{Section}:AuditTo").GetChildren().Any())
            throw new InvalidOperationException("AuditTo holds up whoever logs until its sink has written, and so everybody; use WriteTo");
    }

    // A sink may control the log level, as Seq does: the switch that it sets is not the one that is checked, so copy the
    // level.
    private static void Follow(LoggingLevelSwitch set, LoggingLevelSwitch? asked)
    {
        if (asked is not null) set.MinimumLevelChanged += (_, change) => asked.MinimumLevel = change.NewLevel;
    }

    // The host logs this with a stack trace before it throws; the server reports it in its own way.
    private static bool IsFailureToStart(LogEvent logEvent) =>
        logEvent.Properties.TryGetValue(Constants.SourceContextPropertyName, out var source)
        && source is ScalarValue { Value: "Microsoft.Extensions.Hosting.Internal.Host" }
        && logEvent.MessageTemplate.Text == "Hosting failed to start";

    // Serilog's messages begin with the time, and end with a list of all methods that it knows, or with a stack trace.
    private static string FirstSentence(string message) =>
        message[(message.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split([" Candidate methods", "\n ---> ", "\n   at "], StringSplitOptions.None)[0].ReplaceLineEndings(" ").TrimEnd();

    private static ITextFormatter Formatter(IConfiguration configuration) =>
        bool.TryParse(configuration["RUNNING_IN_CONTAINER"], out var inContainer) && inContainer
            ? new RenderedCompactJsonFormatter()
            : new OneLineFormatter(CultureInfo.InvariantCulture);
}

/// <summary>A view of a configuration in which one section shows only some of its keys. It reloads with the whole.</summary>
internal static class ConfigurationView
{
    /// <param name="whole">The configuration to filter.</param>
    /// <param name="section">A top-level section.</param>
    /// <param name="isShown">Whether a key directly below the section is visible.</param>
    public static IConfigurationRoot Of(IConfigurationRoot whole, string section, Func<string, bool> isShown) =>
        // Filtered provider by provider, because a reader may ask which provider sets a key last.
        new ConfigurationRoot([.. whole.Providers.Select(provider => new FilteredProvider(whole, provider, section, isShown))]);

    private sealed class FilteredProvider(IConfiguration whole, IConfigurationProvider source, string section, Func<string, bool> isShown) : IConfigurationProvider
    {
        private readonly string _prefix = section + ConfigurationPath.KeyDelimiter;

        public bool TryGet(string key, out string? value)
        {
            value = null;
            return IsShown(key) && source.TryGet(key, out value);
        }

        public IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath)
        {
            if (parentPath is not null && !IsShown(parentPath)) return earlierKeys;
            var keys = source.GetChildKeys(earlierKeys, parentPath);
            return section.Equals(parentPath, StringComparison.OrdinalIgnoreCase) ? keys.Where(isShown) : keys;
        }

        public IChangeToken GetReloadToken() => whole.GetReloadToken();

        public void Load()
        {
            // The underlying configuration is already loaded.
        }

        public void Set(string key, string? value) => throw new NotSupportedException();

        private bool IsShown(string key) =>
            !key.StartsWith(_prefix, StringComparison.OrdinalIgnoreCase)
            || isShown(key[_prefix.Length..].Split(ConfigurationPath.KeyDelimiter)[0]);
    }
}
