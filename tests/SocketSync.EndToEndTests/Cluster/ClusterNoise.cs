namespace SocketSync.EndToEndTests;

/// <summary>The errors that a fault is expected to make a node print.</summary>
internal static class ClusterNoise
{
    /// <summary>
    /// Of any node that stops: Orleans leaves the end of its stream of membership updates unobserved, where nobody reads that any more.
    /// </summary>
    public const string OfOrleansAtTheEnd = "This instance has been disposed";

    /// <summary>Of a node that the others have declared dead, or that has lost what it owned while it was inside.</summary>
    public static readonly string[] OfADeclaredDeath = ["The server ends: "];

    /// <summary>Of a node that is refused by the others.</summary>
    public static readonly string[] OfAStranger = ["The server ends: "];
}
