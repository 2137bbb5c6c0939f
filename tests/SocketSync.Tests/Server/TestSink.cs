using System.Collections.Concurrent;
using System.Globalization;
using Serilog;
using Serilog.Configuration;
using Serilog.Core;
using Serilog.Events;

namespace SocketSync.Tests;

/// <summary>A sink that a configuration can name: keeps what comes, after it has hung for as long as the test likes.</summary>
internal sealed class TestSink : ILogEventSink, IDisposable
{
    private static readonly ConcurrentDictionary<string, TestSink> Known = new(StringComparer.Ordinal);

    private readonly ManualResetEventSlim _go = new(initialState: false);
    private volatile bool _isInside;
    private volatile bool _isClosed;

    public TestSink() => Known[Id] = this;

    public string Id { get; } = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);

    public ConcurrentQueue<LogEvent> Events { get; } = [];

    public LoggingLevelSwitch? Steered { get; set; }

    public bool Hangs { get; init; }

    public bool IsInside => _isInside;

    /// <summary>Whether the logger is done with it.</summary>
    public bool IsClosed => _isClosed;

    public static TestSink Of(string id) => Known[id];

    public void GoOn() => _go.Set();

    public void Emit(LogEvent logEvent)
    {
        _isInside = true;
        if (Hangs) _go.Wait();
        Events.Enqueue(logEvent);
    }

    /// <summary>Called by the logger, and by the test at its end.</summary>
    public void Dispose()
    {
        _isClosed = true;
        _go.Set();
        Known.TryRemove(Id, out _);
    }
}

/// <summary>What Serilog looks for when a configuration names <c>Test</c> or <c>OfThread</c>.</summary>
public static class TestSinkConfiguration
{
    public static LoggerConfiguration Test(
        this LoggerSinkConfiguration sinks, string id, LogEventLevel restrictedToMinimumLevel = LogEventLevel.Verbose, LoggingLevelSwitch? steered = null)
    {
        var sink = TestSink.Of(id);
        sink.Steered = steered;
        return sinks.Sink(sink, restrictedToMinimumLevel);
    }

    public static LoggerConfiguration OfThread(this LoggerEnrichmentConfiguration enrichment) => enrichment.With<ThreadEnricher>();

    private sealed class ThreadEnricher : ILogEventEnricher
    {
        public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory) =>
            logEvent.AddPropertyIfAbsent(propertyFactory.CreateProperty("Thread", Environment.CurrentManagedThreadId));
    }
}
