namespace SocketSync;

/// <summary>The whole of section <c>SocketSync</c>: what the file says, validated whole before anything starts.</summary>
internal sealed class SocketSyncOptions
{
    public const string SectionName = "SocketSync";

    public const string DefaultName = "Default";

    /// <summary>For every listener, and the HTTP endpoint, that names no address: an IP address, "localhost" or "*".</summary>
    public string DefaultAddress { get; init; } = "localhost";

    public Dictionary<string, ListenerOptions> Listeners { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    public Dictionary<string, ResourceOptions> Resources { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Threads that move bytes; more only for many busy resources on many cores.</summary>
    public int IoThreads { get; init; } = 1;
}
