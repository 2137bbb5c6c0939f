using System.ComponentModel.DataAnnotations;

namespace SocketSync;

/// <summary>Where it is written down who used what, and when.</summary>
internal sealed record JournalOptions
{
    /// <summary>The full key of <see cref="Path"/>, for messages.</summary>
    public const string PathKey = $"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.Journal)}:{nameof(Path)}";

    /// <summary>The file that is written at present; without it there is no journal.</summary>
    [NotEmpty]
    public string? Path { get; init; }

    /// <summary>Whether the bytes of requests and replies are written too.</summary>
    public bool Payloads { get; init; }

    /// <summary>How long a file becomes before the next one is begun.</summary>
    [Range(4096L, 1L << 40)]
    public long MaxBytes { get; init; } = 104_857_600;

    /// <summary>How many files there are at most, with the one that is written.</summary>
    [Range(1, 1000)]
    public int MaxFiles { get; init; } = 10;
}
