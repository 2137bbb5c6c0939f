namespace SocketSync;

/// <summary>One client at one moment.</summary>
/// <param name="Id">The connection's id, the same as in logs and status.</param>
/// <param name="Listener">The name of the listener it came by.</param>
/// <param name="RemoteEndPoint">Where it is.</param>
/// <param name="ConnectedAt">Since when it is connected.</param>
/// <param name="Requests">How many requests of its have been complete, also those refused.</param>
/// <param name="Waiting">Whether a request of its is in line.</param>
internal sealed record ConnectionEntry(
    string Id, string Listener, string? RemoteEndPoint, DateTimeOffset ConnectedAt, long Requests, bool Waiting);
