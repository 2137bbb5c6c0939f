using System.Globalization;
using Serilog;
using Serilog.Core;
using Serilog.Debugging;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Compact;

namespace SocketSync;

/// <summary>Serilog by its section; without a WriteTo of its own the console, for people or, in a container, for machines.</summary>
internal static class ServerLogging
{
    private static readonly string[] Sinks = ["Serilog:WriteTo", "Serilog:AuditTo"];

    /// <exception cref="SocketSyncStartupException">The section cannot be used, in one line.</exception>
    public static Logger Create(IConfiguration configuration)
    {
        var mistakes = new List<string>();
        SelfLog.Enable(m => mistakes.Add(FirstSentence(m)));
        try
        {
            var logging = new LoggerConfiguration()
                .MinimumLevel.Information()
                .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
                .MinimumLevel.Override("System", LogEventLevel.Warning)
                // Kestrel's own list of addresses calls every listener http://; the server says where it listens itself.
                .MinimumLevel.Override("Microsoft.Hosting.Lifetime", LogEventLevel.Warning)
                // Else every probe of a server whose device is away logs an error; the server says once that it is.
                .MinimumLevel.Override("Microsoft.Extensions.Diagnostics.HealthChecks", LogEventLevel.Fatal)
                .Filter.ByExcluding(IsFailureToStart)
                .ReadFrom.Configuration(configuration);
            if (!HasSink(configuration)) logging.WriteTo.Console(Formatter(configuration));
            var logger = logging.CreateLogger();
            return mistakes.Count == 0 ? logger : throw new InvalidOperationException(string.Join("; ", mistakes));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or System.Reflection.TargetInvocationException or IOException)
        {
            throw new SocketSyncStartupException([$"Serilog: {e.GetBaseException().Message}"]);
        }
        finally
        {
            SelfLog.Enable(Console.Error);
        }
    }

    // The host logs it with a stack trace before it throws; the server tells it in its own way.
    private static bool IsFailureToStart(LogEvent logEvent) =>
        logEvent.Properties.TryGetValue(Constants.SourceContextPropertyName, out var source)
        && source is ScalarValue { Value: "Microsoft.Extensions.Hosting.Internal.Host" }
        && logEvent.MessageTemplate.Text == "Hosting failed to start";

    // Serilog begins with the time, and ends with every method that it knows.
    private static string FirstSentence(string message) =>
        message[(message.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split(" Candidate methods")[0];

    private static bool HasSink(IConfiguration configuration) =>
        Sinks.Any(key => configuration.GetSection(key).GetChildren().Any());

    private static ITextFormatter Formatter(IConfiguration configuration) =>
        bool.TryParse(configuration["RUNNING_IN_CONTAINER"], out var inContainer) && inContainer
            ? new RenderedCompactJsonFormatter()
            : new OneLineFormatter(CultureInfo.InvariantCulture);
}
