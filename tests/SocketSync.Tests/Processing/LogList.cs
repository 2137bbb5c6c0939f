using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>Keeps what is logged.</summary>
internal sealed class LogList : ILogger
{
    public ConcurrentQueue<(LogLevel Level, string Text, Exception? Exception)> Entries { get; } = [];

    public bool Throws { get; init; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Entries.Enqueue((logLevel, formatter(state, exception), exception));
        if (Throws)
            throw new InvalidOperationException("log");
    }
}
