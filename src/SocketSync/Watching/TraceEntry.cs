namespace SocketSync;

/// <summary>The bytes of one request or reply, as far as they are kept.</summary>
/// <param name="Direction"><see cref="Request"/> or <see cref="Reply"/>.</param>
/// <param name="ConnectionId">Whose it is.</param>
/// <param name="Time">When the processor got the request, or was done with the reply.</param>
/// <param name="Length">How many bytes it has.</param>
/// <param name="Bytes">The first of them, at most <see cref="MaxBytes"/>.</param>
internal sealed record TraceEntry(string Direction, string ConnectionId, DateTimeOffset Time, long Length, ReadOnlyMemory<byte> Bytes)
{
    public const string Request = "request";

    public const string Reply = "reply";

    /// <summary>Ample for a frame of any instrument; what is longer is cut, so that a few readers never hold much.</summary>
    public const int MaxBytes = 4096;
}
