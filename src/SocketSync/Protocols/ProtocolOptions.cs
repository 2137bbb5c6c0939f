using System.ComponentModel.DataAnnotations;

namespace SocketSync;

/// <summary>
/// What the configuration says of a protocol. A setting that is <see langword="null"/> was not given. The settings that one
/// language alone has stand in that language's file.
/// </summary>
internal sealed partial record ProtocolOptions
{
    public const int DefaultMaxRequestBytes = 65536;

    public const int LargestRequestBytes = 1 << 30;

    public string Name { get; init; } = "Raw";

    /// <summary>The largest request in bytes, its delimiter or length header included.</summary>
    [Range(1, LargestRequestBytes)]
    public int MaxRequestBytes { get; init; } = DefaultMaxRequestBytes;
}
