namespace SocketSync;

/// <summary>The finished turns of all resources.</summary>
internal sealed class TurnFeed : Feed<TurnEvent>;
