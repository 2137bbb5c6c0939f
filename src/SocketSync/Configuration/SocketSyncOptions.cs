using System.ComponentModel.DataAnnotations;

namespace SocketSync;

/// <summary>The whole section <c>SocketSync</c>, validated completely before anything starts.</summary>
internal sealed record SocketSyncOptions
{
    public const string SectionName = "SocketSync";

    public const string DefaultName = "Default";

    /// <summary>
    /// Address of every listener, and of the HTTP endpoint, that sets none: an IP address, "localhost" or "*".
    /// </summary>
    [ListenAddress]
    public string DefaultAddress { get; init; } = "localhost";

    /// <summary>Where clients connect, by names of your choice.</summary>
    public Dictionary<string, ListenerOptions> Listeners { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What they share, by names of your choice.</summary>
    public Dictionary<string, ResourceOptions> Resources { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How long requests may be finished after the signal to stop.</summary>
    [Duration]
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Number of socket I/O threads; more than one only helps many busy resources on many cores.</summary>
    [Range(1, 64)]
    public int IoThreads { get; init; } = 1;

    /// <summary>What moves the bytes of clients and devices.</summary>
    public IoEngine IoEngine { get; init; } = IoEngine.Epoll;

    /// <summary>Whether the process has event loops of its own.</summary>
    internal bool HasEventLoops => IoEngine == IoEngine.Epoll && OperatingSystem.IsLinux();

    public AdminOptions Admin { get; init; } = new();

    public JournalOptions Journal { get; init; } = new();

    /// <summary>The nodes that share the resources; none by default.</summary>
    public ClusterOptions Cluster { get; init; } = new();

    /// <summary>
    /// Assemblies with processors, as paths relative to the folder of the configuration file or, in other hosts, the content
    /// root.
    /// </summary>
    [NotEmpty]
    public IReadOnlyList<string> Plugins { get; init; } = [];

    /// <summary>The listeners of each resource, by its name; one with routes is a listener of several.</summary>
    public ILookup<string, KeyValuePair<string, ListenerOptions>> ListenersByResource() => Listeners
        .SelectMany(listener => listener.Value.ResourceNames().Select(resource => (Resource: resource, Listener: listener)))
        .ToLookup(reached => reached.Resource, reached => reached.Listener, StringComparer.OrdinalIgnoreCase);
}

/// <summary>Who may perform operator actions over HTTP.</summary>
internal sealed class AdminOptions
{
    /// <summary>The full path of the key of <see cref="Token"/>, for messages that ask to set it.</summary>
    public const string TokenKey = "SocketSync:Admin:Token";

    /// <summary>Who presents it as a bearer token may steer the server; 16 to 512 characters.</summary>
    [Secret, BearerToken]
    public string? Token { get; init; }
}

/// <summary>What moves the bytes of connections without TLS.</summary>
internal enum IoEngine
{
    /// <summary>A loop of this server's own over Linux's epoll; on other systems as <see cref="Sockets"/>.</summary>
    Epoll,

    /// <summary>Kestrel's transport, on .NET's sockets.</summary>
    Sockets,
}
