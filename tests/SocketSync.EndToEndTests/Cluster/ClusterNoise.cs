namespace SocketSync.EndToEndTests;

/// <summary>The errors that a fault is expected to make a node print.</summary>
internal static class ClusterNoise
{
    /// <summary>
    /// Of any node: Orleans leaves tasks unobserved, the end of its stream of membership updates when it stops, and probes of a node that
    /// has just gone. (The server does not take them for errors; the test host tells of every task that nobody looked at.)
    /// </summary>
    public static readonly string[] OfOrleans = ["This instance has been disposed", "---> Orleans.Runtime.SiloUnavailableException"];

    /// <summary>Of a node that the others have declared dead, or that has lost what it owned while it was inside.</summary>
    public static readonly string[] OfADeclaredDeath = ["The server ends: "];

    /// <summary>Of a node that is refused by the others.</summary>
    public static readonly string[] OfAStranger = ["The server ends: "];
}
