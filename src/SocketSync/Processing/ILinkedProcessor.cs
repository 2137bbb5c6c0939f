namespace SocketSync;

/// <summary>A processor that has a device behind it.</summary>
internal interface ILinkedProcessor
{
    LinkKeeper Keeper { get; }
}
