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
    public static IConnectionBuilder UseConnectionLimit(
        this IConnectionBuilder builder, int maximum, Action<ConnectionContext>? onRejected = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);

        // Outside of Use: a pipeline that is built for several addresses counts them together.
        var open = new Counter();
        return builder.Use(next => async connection =>
        {
            if (!open.TryEnter(maximum))
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

    private sealed class Counter
    {
        private int _value;

        public bool TryEnter(int maximum)
        {
            // Never above the maximum, even for a moment: someone else would be refused for it.
            for (var seen = Volatile.Read(ref _value); seen < maximum;)
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
}
