using System.Globalization;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace SocketSync.Tests;

public class ServerLoggingTests
{
    [Fact]
    public void WhatAClientSendsCannotForgeOrBreakALine()
    {
        var lines = Written(log => log.Information(
            "Client said {Text} to {Resource}", "x\r\n2026-01-01 00:00:00.000 +00:00 [INF] forged\u001b[2J\u2028\u202e\u0085\t", "Default"));

        var line = Assert.Single(lines);
        Assert.EndsWith(
            @"[INF] Client said x\r\n2026-01-01 00:00:00.000 +00:00 [INF] forged\u001B[2J\u2028\u202E\u0085\t to Default", line, StringComparison.Ordinal);
    }

    [Fact]
    public void NorCanItInAnExceptionOrAStructure()
    {
        var lines = Written(log => log.Error(
            new FormatException("bad input: \n2026-01-01 00:00:00.000 +00:00 [INF] forged"), "Failed with {@Details}", new { Text = "a\nb" }));

        Assert.Matches(@"^\d{4}-.*\[ERR\] Failed with .*a\\+nb", lines[0]);
        Assert.All(lines.Skip(1), l => Assert.StartsWith("    ", l, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{ "Serilog": { "MinimumLevel": "foo" } }""", "Serilog: The value foo is not a valid Serilog level.")]
    [InlineData("""{ "Serilog": { "WriteTo": [ { "Name": "Nonsense" } ] } }""", "Serilog: Unable to find a method called Nonsense")]
    public void AMistakeInTheSectionIsOneLine(string json, string problem)
    {
        var exception = Assert.Throws<SocketSyncStartupException>(() => ServerLogging.Create(ConfigurationText.Json(json)));
        Assert.StartsWith(problem, Assert.Single(exception.Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{ "Serilog": {} }""")]
    [InlineData("""{ "Serilog": { "MinimumLevel": { "Override": { "Microsoft": "Information" } } } }""")]
    public void KestrelsListOfAddressesIsNotShown(string json)
    {
        using var logger = ServerLogging.Create(ConfigurationText.Json(json));
        var lifetime = logger.ForContext(Constants.SourceContextPropertyName, "Microsoft.Hosting.Lifetime");
        Assert.False(lifetime.IsEnabled(LogEventLevel.Information));
        Assert.True(lifetime.IsEnabled(LogEventLevel.Warning));
        Assert.True(logger.IsEnabled(LogEventLevel.Information));
        Assert.False(logger.IsEnabled(LogEventLevel.Debug));
    }

    private static string[] Written(Action<ILogger> write)
    {
        using var output = new StringWriter();
        using (var logger = new LoggerConfiguration().WriteTo.Sink(new Sink(output)).CreateLogger()) write(logger);
        return output.ToString().TrimEnd('\n').Split('\n');
    }

    private sealed class Sink(TextWriter output) : ILogEventSink
    {
        private readonly OneLineFormatter _formatter = new(CultureInfo.InvariantCulture);

        public void Emit(LogEvent logEvent) => _formatter.Format(logEvent, output);
    }
}
