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

/// <summary>Serilog by its section; without a WriteTo of its own the console, for people or, in a container, for machines.</summary>
internal static class ServerLogging
{
    private const string Section = "Serilog";

    // What the sinks are made of; all else decides, on the thread of whoever logs, what becomes an event and what is in it.
    private static readonly string[] SinkKeys = ["WriteTo", "AuditTo"];
    private static readonly string[] KeysForSinks = ["WriteTo", "Using", "LevelSwitches", "FilterSwitches"];

    /// <returns>A logger that holds up nobody, whatever its sinks do; disposed of, it is flushed, but waits no longer than a second.</returns>
    /// <exception cref="SocketSyncStartupException">The section cannot be used, in one line.</exception>
    public static Logger Create(IConfigurationRoot configuration) => Create(configuration, (events, levels) =>
        events.WriteTo.Sink(new QueuedSink(CreateSinks(configuration, levels))));

    /// <summary>Makes all of it but the sinks, which would open files and connections.</summary>
    /// <exception cref="SocketSyncStartupException">The section cannot be used, in one line.</exception>
    public static void Check(IConfigurationRoot configuration) => Create(configuration, (_, _) => RefuseAudits(configuration)).Dispose();

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
                // Kestrel's own list of addresses calls every listener http://; the server says where it listens itself.
                .MinimumLevel.Override("Microsoft.Hosting.Lifetime", LogEventLevel.Warning)
                // Else every probe of a server whose device is away logs an error; the server says once that it is.
                .MinimumLevel.Override("Microsoft.Extensions.Diagnostics.HealthChecks", LogEventLevel.Fatal)
                .Filter.ByExcluding(IsFailureToStart)
                .ReadFrom.Configuration(
                    ConfigurationView.Of(configuration, Section, key => !SinkKeys.Contains(key, StringComparer.OrdinalIgnoreCase)),
                    new ConfigurationReaderOptions { OnLevelSwitchCreated = (name, level) => levels[name] = level });
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
            new ConfigurationReaderOptions { OnLevelSwitchCreated = (name, level) => Follow(level, levels.GetValueOrDefault(name)) });
        if (!configuration.GetSection($"{Section}:WriteTo").GetChildren().Any()) sinks.WriteTo.Console(Formatter(configuration));
        return sinks.CreateLogger();
    }

    private static void RefuseAudits(IConfigurationRoot configuration)
    {
        if (configuration.GetSection($"{Section}:AuditTo").GetChildren().Any())
            throw new InvalidOperationException("AuditTo holds up whoever logs until its sink has written, and so everybody; use WriteTo");
    }

    // A sink may steer what is logged, as Seq does: the switch that it sets is another object than the one that is asked.
    private static void Follow(LoggingLevelSwitch set, LoggingLevelSwitch? asked)
    {
        if (asked is not null) set.MinimumLevelChanged += (_, change) => asked.MinimumLevel = change.NewLevel;
    }

    // The host logs it with a stack trace before it throws; the server tells it in its own way.
    private static bool IsFailureToStart(LogEvent logEvent) =>
        logEvent.Properties.TryGetValue(Constants.SourceContextPropertyName, out var source)
        && source is ScalarValue { Value: "Microsoft.Extensions.Hosting.Internal.Host" }
        && logEvent.MessageTemplate.Text == "Hosting failed to start";

    // Serilog begins with the time, and ends with every method that it knows.
    private static string FirstSentence(string message) =>
        message[(message.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split(" Candidate methods")[0];

    private static ITextFormatter Formatter(IConfiguration configuration) =>
        bool.TryParse(configuration["RUNNING_IN_CONTAINER"], out var inContainer) && inContainer
            ? new RenderedCompactJsonFormatter()
            : new OneLineFormatter(CultureInfo.InvariantCulture);
}

/// <summary>A configuration in which one section shows only some of its keys. It changes with the whole.</summary>
internal static class ConfigurationView
{
    /// <param name="whole">What is looked at.</param>
    /// <param name="section">A section at the top.</param>
    /// <param name="isShown">Which of the keys right below it are seen.</param>
    public static IConfigurationRoot Of(IConfigurationRoot whole, string section, Func<string, bool> isShown) =>
        // Source by source, since a reader may ask which of them says something last.
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
            // The whole has done so.
        }

        public void Set(string key, string? value) => throw new NotSupportedException();

        private bool IsShown(string key) =>
            !key.StartsWith(_prefix, StringComparison.OrdinalIgnoreCase)
            || isShown(key[_prefix.Length..].Split(ConfigurationPath.KeyDelimiter)[0]);
    }
}
