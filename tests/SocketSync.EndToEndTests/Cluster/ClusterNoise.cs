namespace SocketSync.EndToEndTests;

/// <summary>The errors that a fault is expected to make a node print.</summary>
internal static class ClusterNoise
{
    /// <summary>Of a node that the others have declared dead, or that has lost what it owned while it was inside.</summary>
    public static readonly string[] OfADeclaredDeath = ["The server ends: "];

    /// <summary>Of a node that is refused by the others.</summary>
    public static readonly string[] OfAStranger = ["The server ends: "];
}
