using System.ComponentModel.DataAnnotations;

namespace SocketSync;

/// <summary>The whole of section <c>SocketSync</c>: what the file says, validated whole before anything starts.</summary>
internal sealed record SocketSyncOptions
{
    public const string SectionName = "SocketSync";

    public const string DefaultName = "Default";

    /// <summary>For every listener, and the HTTP endpoint, that names no address: an IP address, "localhost" or "*".</summary>
    [ListenAddress]
    public string DefaultAddress { get; init; } = "localhost";

    public Dictionary<string, ListenerOptions> Listeners { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    public Dictionary<string, ResourceOptions> Resources { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    [Duration]
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Threads that move bytes; more only for many busy resources on many cores.</summary>
    [Range(1, 64)]
    public int IoThreads { get; init; } = 1;

    public AdminOptions Admin { get; init; } = new();

    /// <summary>Assemblies with processors: relative paths from the folder of the configuration.</summary>
    [NotEmpty]
    public IReadOnlyList<string> Plugins { get; init; } = [];
}

/// <summary>Who may steer the server over HTTP.</summary>
internal sealed class AdminOptions
{
    /// <summary>The full path of <see cref="Token"/>, for those who are told to set it.</summary>
    public const string TokenKey = "SocketSync:Admin:Token";

    [Secret, BearerToken]
    public string? Token { get; init; }
}
