namespace SocketSync;

/// <summary>
/// Tasks inside Orleans that fail when another node goes or this silo ends, and whose end Orleans does not look at: no fault of anybody's.
/// </summary>
internal static class SiloNoise
{
    /// <summary>What Orleans says, in place of a type's name, of the end of its stream of membership updates.</summary>
    private const string EndOfUpdates = "This instance has been disposed";

    /// <summary>Whether an exception that nobody has looked at is Orleans' own. Refers to no type of Orleans, and so does not load it.</summary>
    public static bool IsOfOrleans(Exception exception) => exception switch
    {
        AggregateException { InnerExceptions: { Count: > 0 } inner } => inner.All(IsOfOrleans),
        ObjectDisposedException { ObjectName: EndOfUpdates } => true,
        _ => exception.GetType().FullName!.StartsWith("Orleans.", StringComparison.Ordinal)
            || exception.StackTrace?.TrimStart().StartsWith("at Orleans.", StringComparison.Ordinal) == true,
    };
}
