namespace SocketSync;

/// <summary>The class of a listener's requests; lower values go first.</summary>
internal enum Priority
{
    High,
    Normal,
    Low,
}
