using System.Globalization;
using Microsoft.Extensions.Configuration;
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
    [InlineData("""{ "Serilog": { "AuditTo": [ "Console" ] } }""", "Serilog: AuditTo holds up whoever logs")]
    public void AMistakeInTheSectionIsOneLine(string json, string problem)
    {
        var exception = Assert.Throws<SocketSyncStartupException>(() => ServerLogging.Create(ConfigurationText.Json(json)));
        Assert.StartsWith(problem, Assert.Single(exception.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASinkThatHangsHoldsUpNobodyAndNoStop()
    {
        using var sink = new TestSink { Hangs = true };
        var logger = ServerLogging.Create(Sections(sink));
        logger.Information("hung");
        await SyncHost.Until(() => sink.IsInside, "the sink hangs");
        for (var i = 0; i < QueuedSink.Capacity + 7; i++) logger.Information("{Number}", i);
        logger.Fatal("the end"); // is not lost for the others

        var before = TimeProvider.System.GetTimestamp();
        await logger.DisposeAsync();
        Assert.InRange(TimeProvider.System.GetElapsedTime(before), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(10));

        sink.GoOn();
        await SyncHost.Until(() => sink.IsClosed, "the rest is written");
        Assert.Equal(QueuedSink.Capacity + 3, sink.Events.Count);
        Assert.Equal("7 lines of the log are lost here: they could not be written as fast as they came", sink.Events.ElementAt(^2).RenderMessage(CultureInfo.InvariantCulture));
        Assert.Equal("the end", sink.Events.Last().MessageTemplate.Text);
    }

    [Fact]
    public void WhatTheSectionSaysHoldsInFrontOfTheQueueAndBehindIt()
    {
        using var sink = new TestSink();
        using (var logger = ServerLogging.Create(Sections(sink, """
            "MinimumLevel": { "Default": "Debug", "Override": { "Noise": "Error" } },
            "Enrich": [ "FromLogContext", { "Name": "OfThread", "Args": {} } ],
            "Properties": { "Where": "here" }
            """, """ "restrictedToMinimumLevel": "Information" """)))
        {
            var noise = logger.ForContext(Constants.SourceContextPropertyName, "Noise.Of.Something");
            Assert.True(logger.IsEnabled(LogEventLevel.Debug));
            Assert.False(logger.IsEnabled(LogEventLevel.Verbose));
            Assert.False(noise.IsEnabled(LogEventLevel.Warning));

            logger.Debug("not for this sink");
            noise.Warning("noise");
            using (Serilog.Context.LogContext.PushProperty("Context", 1)) logger.Information("told");
        }

        var told = Assert.Single(sink.Events);
        Assert.Equal("told", told.MessageTemplate.Text);
        Assert.Equal("here", Value("Where"));
        Assert.Equal(1, Value("Context"));
        Assert.Equal(Environment.CurrentManagedThreadId, Value("Thread"));

        object? Value(string name) => Assert.IsType<ScalarValue>(told.Properties[name]).Value;
    }

    [Fact]
    public void AChangedLevelHoldsAtOnce()
    {
        using var sink = new TestSink();
        var configuration = Sections(sink, """ "MinimumLevel": { "Default": "Information", "Override": { "Noise": "Information" } } """);
        using var logger = ServerLogging.Create(configuration);
        Assert.False(logger.IsEnabled(LogEventLevel.Debug));
        configuration["Serilog:MinimumLevel:Default"] = "Debug";
        configuration["Serilog:MinimumLevel:Override:Noise"] = "Error";
        configuration.Reload();
        Assert.True(logger.IsEnabled(LogEventLevel.Debug));
        Assert.False(logger.ForContext(Constants.SourceContextPropertyName, "Noise").IsEnabled(LogEventLevel.Warning));
    }

    [Fact]
    public void ASinkThatSetsALevelSetsItForAll()
    {
        using var sink = new TestSink();
        using var logger = ServerLogging.Create(Sections(
            sink, """ "LevelSwitches": { "$level": "Information" }, "MinimumLevel": { "ControlledBy": "$level" } """, """ "steered": "$level" """));
        Assert.False(logger.IsEnabled(LogEventLevel.Debug));
        sink.Steered!.MinimumLevel = LogEventLevel.Debug;
        Assert.True(logger.IsEnabled(LogEventLevel.Debug));
    }

    [Fact]
    public void TheLaterSourceDecidesWhateverFormTheLevelHas()
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("Serilog:MinimumLevel", "Error")])
            .AddInMemoryCollection([new("Serilog:MinimumLevel:Default", "Debug")])
            .Build();
        using var logger = ServerLogging.Create(configuration);
        Assert.True(logger.IsEnabled(LogEventLevel.Debug));
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

    private static IConfigurationRoot Sections(TestSink sink, string more = "", string arguments = "") => new ConfigurationBuilder().AddInMemoryCollection(ConfigurationText.Json($$"""
        {
          "Serilog": {
            "Using": [ "SocketSync.Tests" ],
            {{more}}{{(more.Length > 0 ? "," : "")}}
            "WriteTo": { "Test": { "Name": "Test", "Args": { "id": "{{sink.Id}}"{{(arguments.Length > 0 ? "," : "")}}{{arguments}} } } }
          }
        }
        """).AsEnumerable()).Build();

    private sealed class Sink(TextWriter output) : ILogEventSink
    {
        private readonly OneLineFormatter _formatter = new(CultureInfo.InvariantCulture);

        public void Emit(LogEvent logEvent) => _formatter.Format(logEvent, output);
    }
}
