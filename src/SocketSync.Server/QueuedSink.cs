using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;
using Serilog.Parsing;

namespace SocketSync;

/// <summary>
/// Stands in front of all sinks, so that none of them holds up whoever logs: a terminal that is stopped, a pipe that nobody
/// reads, a full disk.
/// </summary>
/// <remarks>
/// Serilog's own queues (the asynchronous sink, the batching one) wait without a bound for the sink at their end when they are
/// disposed of, and a stop with it; and each event that they lose costs whoever logs it a formatted message.
/// </remarks>
internal sealed class QueuedSink : ILogEventSink, IDisposable
{
    /// <summary>A second's worth of a busy server at Debug, some ten megabytes.</summary>
    public const int Capacity = 10_000;

    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(1);

    private static readonly MessageTemplate Lost = new MessageTemplateParser().Parse(
        "{Count} lines of the log are lost here: they could not be written as fast as they came");

    private readonly BackgroundWriter<LogEvent> _writer;

    /// <param name="sinks">Owned from now on.</param>
    public QueuedSink(Logger sinks) =>
        _writer = new("Log", Capacity, FlushTime, sinks.Write, lost => sinks.Write(LostLines(lost)), sinks.Dispose);

    public void Emit(LogEvent logEvent) => _writer.Write(logEvent, isUrgent: logEvent.Level == LogEventLevel.Fatal);

    public void Dispose() => _writer.Dispose();

    private static LogEvent LostLines(long count) =>
        new(DateTimeOffset.Now, LogEventLevel.Warning, exception: null, Lost, [new LogEventProperty("Count", new ScalarValue(count))]);
}

/// <summary>
/// One readable line for each event, whatever is in it: what a client sends may find its way into a message or an exception.
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

        // Indented, so that no line of a stack trace begins as an event does.
        foreach (var traceLine in logEvent.Exception.ToString().Split('\n'))
            output.WriteLine("    " + LogText.Escape(traceLine.TrimEnd('\r')));
    }
}

/// <summary>
/// An exception in a task that nobody looks at is a fault of ours that would pass in silence: the log tells of it, when the task is
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

    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs e) =>
        _logger.Error(e.Exception, "A task has failed, and nobody looked at how it ended");
}
