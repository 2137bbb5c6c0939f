using System.Diagnostics;

namespace SocketSync.Benchmarks;

/// <summary>A server that is measured.</summary>
/// <param name="Name">In tables and for <c>--contestants</c>.</param>
/// <param name="What">What it is, in words.</param>
/// <param name="Tool">What must be found on the PATH, if anything.</param>
/// <param name="Command">How it is started, so that it listens on the port.</param>
internal sealed record Contestant(string Name, string What, string? Tool, Func<Workplace, int, ProcessStartInfo> Command)
{
    /// <summary>The name that everything is compared with.</summary>
    public const string Own = "SocketSync";

    /// <summary>The load's protocol.</summary>
    public string Protocol { get; init; } = "Line";

    /// <summary>Each request on a connection of its own.</summary>
    public bool Reconnect { get; init; }

    public bool IsInstalled => Tool is null || SearchPath.Find(Tool) is not null;
}
