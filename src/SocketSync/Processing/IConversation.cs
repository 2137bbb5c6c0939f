namespace SocketSync;

/// <summary>
/// The client during a turn, for a processor that sends and receives more than one request and one reply. The only way
/// from a processor back to the network, and in bytes: one that does not converse could run on another machine.
/// </summary>
internal interface IConversation
{
    /// <summary>Sends <paramref name="bytes"/>. A client that is gone takes nothing, which is no error.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Receives the client's next request into <paramref name="request"/>.</summary>
    /// <returns><see langword="false"/>: the client has ended its stream, reset it, or sent what is no request.</returns>
    ValueTask<bool> ReceiveAsync(PooledBuffer request, CancellationToken cancellationToken);
}
