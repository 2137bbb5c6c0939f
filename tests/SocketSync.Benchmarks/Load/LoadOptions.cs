using System.Net;

namespace SocketSync.Benchmarks;

/// <summary>What a load run does.</summary>
internal sealed record LoadOptions
{
    public required EndPoint Target { get; init; }

    /// <summary>The connections are spread over so many ports, from the target's on.</summary>
    public int Ports { get; init; } = 1;

    public required RequestForm Form { get; init; }

    public required int Connections { get; init; }

    /// <summary>Requests that a connection keeps outstanding.</summary>
    public required int Pipeline { get; init; }

    public required TimeSpan Warmup { get; init; }

    public required TimeSpan Measured { get; init; }

    /// <summary>Requests per second of all connections together, or as many as are answered.</summary>
    public double? Rate { get; init; }

    /// <summary>Each request on a connection of its own.</summary>
    public bool Reconnect { get; init; }

    /// <summary>The processes whose CPU time is read.</summary>
    public IReadOnlyList<int> ServerProcesses { get; init; } = [];
}
