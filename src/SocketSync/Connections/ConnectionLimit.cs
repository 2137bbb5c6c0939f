using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>Connection middleware that bounds how many connections a listener has.</summary>
public static class ConnectionLimitExtensions
{
    /// <summary>Closes each connection over <paramref name="maximum"/> at once; nothing is sent.</summary>
    /// <param name="builder">The listener's connection pipeline.</param>
    /// <param name="maximum">How many connections may be open at the same time; at least 1.</param>
    /// <param name="onRejected">Called for each connection that is closed.</param>
    /// <returns>The same pipeline.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximum"/> is less than 1.</exception>
    public static IConnectionBuilder UseConnectionLimit(
        this IConnectionBuilder builder, int maximum, Action<ConnectionContext>? onRejected = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        return builder.UseConnectionLimit(new ConnectionCounter(maximum), onRejected);
    }

    /// <summary>The same, for pipelines that count together.</summary>
    internal static IConnectionBuilder UseConnectionLimit(
        this IConnectionBuilder builder, ConnectionCounter open, Action<ConnectionContext>? onRejected) =>
        builder.Use(next => async connection =>
        {
            if (!open.TryEnter())
            {
                onRejected?.Invoke(connection);
                return;
            }

            try
            {
                await next(connection);
            }
            finally
            {
                open.Leave();
            }
        });
}

internal sealed class ConnectionCounter(int maximum)
{
    private int _value;

    public int Maximum { get; } = maximum;

    public bool TryEnter()
    {
        // Never above the maximum, even for a moment: someone else would be refused for it.
        for (var seen = Volatile.Read(ref _value); seen < Maximum;)
        {
            var before = Interlocked.CompareExchange(ref _value, seen + 1, seen);
            if (before == seen)
                return true;

            seen = before;
        }

        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _value);
}
