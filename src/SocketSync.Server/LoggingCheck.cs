using Serilog;
using Serilog.Debugging;

namespace SocketSync;

/// <summary>
/// What of section Serilog would keep the server from starting, without its sinks: <c>check</c> opens no file and no connection.
/// </summary>
internal static class LoggingCheck
{
    /// <returns>One line, or <see langword="null"/> where nothing is wrong.</returns>
    public static string? Problem(IConfiguration configuration)
    {
        if (configuration.GetSection("Serilog:AuditTo").GetChildren().Any()) return $"Serilog: {ServerLogging.NoAudit}";

        var mistakes = new List<string>();
        SelfLog.Enable(mistakes.Add);
        try
        {
            var events = new ConfigurationBuilder()
                .AddInMemoryCollection(configuration.GetSection("Serilog").AsEnumerable().Where(entry => !entry.Key.StartsWith("Serilog:WriteTo", StringComparison.OrdinalIgnoreCase)))
                .Build();
            new LoggerConfiguration().ReadFrom.Configuration(events).CreateLogger().Dispose();
            return mistakes.Count == 0 ? null : $"Serilog: {OneLine.Of(mistakes[0])}";
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or System.Reflection.TargetInvocationException)
        {
            return $"Serilog: {OneLine.Of(e.GetBaseException().Message)}";
        }
        finally
        {
            SelfLog.Disable();
        }
    }
}
