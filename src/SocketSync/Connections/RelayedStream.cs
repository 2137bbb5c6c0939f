namespace SocketSync;

/// <summary>Set on the connection of a client whose bytes another node passes on: what that changes for who serves it.</summary>
/// <param name="isEncrypted">Whether the nodes speak TLS to each other.</param>
/// <param name="end">Ends the stream to the client, while the client's is still read.</param>
internal sealed class RelayedStream(bool isEncrypted, Func<ValueTask> end)
{
    public bool IsEncrypted => isEncrypted;

    /// <summary>Ends the stream to the client. The connection between the nodes goes on, for what the client still sends.</summary>
    public ValueTask EndAsync() => end();
}
