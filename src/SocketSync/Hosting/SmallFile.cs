namespace SocketSync;

/// <summary>
/// Reads a file that others may replace by anything while the server runs: opening a pipe would wait for somebody to write
/// to it, and a large file would not fit.
/// </summary>
internal static class SmallFile
{
    public const int MostBytes = 16 << 20;

    /// <exception cref="IOException">It is not there, no file with bytes in it, or too large.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static byte[] Read(string path)
    {
        using var file = Open(path);
        using var content = new MemoryStream();
        var part = new byte[64 * 1024];
        for (int length; (length = file.Read(part)) > 0;)
        {
            content.Write(part, 0, length);
            if (content.Length > MostBytes) throw TooLarge(); // It has grown meanwhile.
        }

        return content.ToArray();
    }

    /// <summary>Whether it could be read now.</summary>
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
