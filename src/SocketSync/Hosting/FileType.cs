using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>What a path leads to. .NET does not tell a socket or a pipe from a file with bytes in it.</summary>
internal static class FileType
{
    private const ushort Mask = 0xF000;
    private const ushort Socket = 0xC000;
    private const ushort Regular = 0x8000;
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW

    /// <summary>Of the path itself, and not of what a link at its end leads to; never where the system does not tell.</summary>
    public static bool IsSocket(string path) => Read(path, NoFollow) == Socket;

    /// <summary>Links followed. Also of what is not there, and where the system does not tell: opening it will.</summary>
    public static bool MayBeRegular(string path) => Read(path, flags: 0) is Regular or null;

    private static int? Read(string path, int flags)
    {
        if (!OperatingSystem.IsLinux())
            return null;

        const int ModeOffset = 28;
        var result = new byte[256];
        return Statx(directory: -100, path, flags, mask: 1 /* STATX_TYPE */, result) == 0
            ? BitConverter.ToUInt16(result, ModeOffset) & Mask
            : null;
    }

    // statx, since its structure is the same on every architecture.
    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(
        int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] result);
}
