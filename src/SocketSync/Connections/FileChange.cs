namespace SocketSync;

/// <summary>What came of reading a file again.</summary>
internal enum FileChange
{
    /// <summary>It holds what it held.</summary>
    None,

    /// <summary>Its new content is in use.</summary>
    Replaced,

    /// <summary>Its new content cannot be used, and the former stays.</summary>
    Refused,
}
