using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync;

/// <summary>
/// Orleans' log: warnings and errors, each in one line without a stack trace, and the same one at most every ten seconds. A store
/// that is away, or a node that was killed, would fill pages otherwise.
/// </summary>
internal sealed class SiloLoggers(ILoggerFactory loggers) : ILoggerFactory
{
    /// <summary>Complain of things that are as they should be here: the kind of garbage collection, and how long ago the machine started.</summary>
    private static readonly string[] Silent = ["Orleans.Runtime.Silo", "Orleans.Runtime.Watchdog", "Orleans.Runtime.MembershipService.LocalSiloHealthMonitor", "Polly"];

    public ILogger CreateLogger(string categoryName) =>
        Silent.Contains(categoryName, StringComparer.Ordinal) ? NullLogger.Instance : new SiloLogger(loggers.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
        // The server's loggers go on when a silo ends.
    }

    private sealed class SiloLogger(ILogger logger) : ILogger
    {
        private const int MaxLength = 400;
        private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

        private readonly ConcurrentDictionary<int, long> _lastAt = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && logger.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel) || !IsDue(eventId.Id))
                return;
            var text = formatter(state, null).ReplaceLineEndings(" ");
            if (exception is not null)
                text = $"{text} {exception.GetBaseException().Message.ReplaceLineEndings(" ")}";
            // What goes wrong between nodes is mended by itself, or ends the process with a line of its own.
            logger.Log(LogLevel.Warning, eventId, text.Length > MaxLength ? $"{text[..MaxLength]}…" : text, null, static (line, _) => line);
        }

        private bool IsDue(int id)
        {
            var now = Stopwatch.GetTimestamp();
            var last = _lastAt.GetOrAdd(id, long.MinValue);
            return (last == long.MinValue || Stopwatch.GetElapsedTime(last, now) >= Period) && _lastAt.TryUpdate(id, now, last);
        }
    }
}
