using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>
/// Reads a file that may be replaced by anything while the server runs: opening a pipe would block until it has a writer,
/// and a large file would not fit into memory.
/// </summary>
internal static class SmallFile
{
    public const int MostBytes = 16 << 20;

    /// <exception cref="IOException">The file does not exist, is not a regular file, or is too large.</exception>
    /// <exception cref="UnauthorizedAccessException">The current user may not read the file.</exception>
    public static byte[] Read(string path)
    {
        using var file = Open(path);
        using var content = new MemoryStream();
        var part = new byte[64 * 1024];
        for (int length; (length = file.Read(part)) > 0;)
        {
            content.Write(part, 0, length);
            if (content.Length > MostBytes) throw TooLarge(); // The file has grown since it was opened.
        }

        return content.ToArray();
    }

    /// <summary>Whether the file can be read now.</summary>
    public static bool IsReadable(string path)
    {
        try
        {
            Open(path).Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static FileStream Open(string path)
    {
        if (Directory.Exists(path)) throw new IOException("is a directory");
        if (!FileType.MayBeRegular(path)) throw new IOException("is not a regular file");
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (file.Length <= MostBytes) return file;
        file.Dispose();
        throw TooLarge();
    }

    private static IOException TooLarge() => new($"is larger than {MostBytes >> 20} MiB");
}

/// <summary>The type of the file at a path. .NET does not distinguish a socket or a pipe from a regular file.</summary>
internal static class FileType
{
    private const ushort Mask = 0xF000;
    private const ushort Socket = 0xC000;
    private const ushort Regular = 0x8000;
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW

    /// <summary>Whether the path is a socket; symbolic links are not followed. False if the system does not tell.</summary>
    public static bool IsSocket(string path) => Read(path, NoFollow) == Socket;

    /// <summary>
    /// Whether the path, with links followed, may be a regular file. Also true if it does not exist or the system does not
    /// tell: the attempt to open it decides.
    /// </summary>
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

    // Uses statx, because its structure is the same on every architecture.
    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(
        int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] result);
}
