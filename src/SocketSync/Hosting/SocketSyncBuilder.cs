namespace SocketSync;

/// <summary>Adds to SocketSync what the host brings itself.</summary>
public sealed class SocketSyncBuilder
{
    internal SocketSyncBuilder()
    {
    }
}
