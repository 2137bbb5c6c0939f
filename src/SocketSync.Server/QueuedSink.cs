using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;
using Serilog.Parsing;

namespace SocketSync;

/// <summary>
/// A queue in front of all sinks, so that none of them blocks the code that logs: a stopped terminal, a pipe that nobody
/// reads, a full disk.
/// </summary>
/// <remarks>
/// Serilog's own queues (the asynchronous sink, the batching one) wait for their sink without a timeout when they are
/// disposed, which blocks the shutdown; and each event that they lose costs its caller a formatted message.
/// </remarks>
internal sealed class QueuedSink : ILogEventSink, IDisposable
{
    /// <summary>About a second of Debug events of a busy server, some ten megabytes.</summary>
    public const int Capacity = 10_000;

    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(1);

    private static readonly MessageTemplate Lost = new MessageTemplateParser().Parse(
        "{Count} lines of the log are lost here: they could not be written as fast as they came");

    private readonly BackgroundWriter<LogEvent> _writer;

    /// <param name="sinks">The sinks, which this object then owns.</param>
    public QueuedSink(Logger sinks) =>
        _writer = new("Log", Capacity, FlushTime, sinks.Write, lost => sinks.Write(LostLines(lost)), sinks.Dispose);

    public void Emit(LogEvent logEvent) => _writer.Write(logEvent, isUrgent: logEvent.Level == LogEventLevel.Fatal);

    public void Dispose() => _writer.Dispose();

    private static LogEvent LostLines(long count) =>
        new(DateTimeOffset.Now, LogEventLevel.Warning, exception: null, Lost, [new LogEventProperty("Count", new ScalarValue(count))]);
}

/// <summary>
/// Formats each event as one readable line, whatever it contains: what a client sends may appear in a message or an
/// exception.
/// </summary>
internal sealed class OneLineFormatter(IFormatProvider culture) : ITextFormatter
{
    private readonly MessageTemplateTextFormatter _line = new("{Timestamp:yyyy-MM-dd HH:mm:ss.fff zzz} [{Level:u3}] {Message:lj}", culture);

    public void Format(LogEvent logEvent, TextWriter output)
    {
        using var line = new StringWriter(culture);
        _line.Format(logEvent, line);
        output.WriteLine(LogText.Escape(line.ToString()));
        if (logEvent.Exception is null) return;

        // Indented, so that no line of a stack trace looks like the start of an event.
        foreach (var traceLine in logEvent.Exception.ToString().Split('\n'))
            output.WriteLine("    " + LogText.Escape(traceLine.TrimEnd('\r')));
    }
}

/// <summary>
/// Logs unobserved task exceptions, which are bugs that would otherwise go unnoticed. They are logged when the task is
/// collected.
/// </summary>
internal sealed class UnobservedExceptionLog : IDisposable
{
    private readonly Serilog.ILogger _logger;

    public UnobservedExceptionLog(Serilog.ILogger logger)
    {
        _logger = logger;
        TaskScheduler.UnobservedTaskException += OnUnobserved;
    }

    public void Dispose() => TaskScheduler.UnobservedTaskException -= OnUnobserved;

    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs e) => _logger.Write(
        SiloNoise.IsOfOrleans(e.Exception) ? LogEventLevel.Debug : LogEventLevel.Error,
        e.Exception, "A task has failed, and nobody looked at how it ended");
}
