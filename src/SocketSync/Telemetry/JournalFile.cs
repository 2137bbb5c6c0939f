using System.Globalization;

namespace SocketSync;

/// <summary>
/// The files of a journal. The path names the one that is written; when that is full it becomes <c>PATH.1</c>, the one before it
/// <c>PATH.2</c>, and the oldest is deleted.
/// </summary>
/// <remarks>
/// <para>Our own: Serilog's rolling file leaves the first name to the oldest file and counts up, and neither it nor NLog tell how many
/// lines a full disk has cost.</para>
/// <para>The file is opened for each batch of lines. So it may be moved or deleted by others at any time, as logrotate does.</para>
/// </remarks>
internal sealed class JournalFile(string path, long maxBytes, int maxFiles)
{
    private readonly string _path = Path.GetFullPath(path);

    /// <summary>Appends whole lines: all of them or, if this throws, none.</summary>
    /// <exception cref="IOException">They cannot be written, for instance because the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public void Append(ReadOnlySpan<byte> lines)
    {
        if (new FileInfo(_path) is { Exists: true, Length: > 0 } present && present.Length + lines.Length > maxBytes)
            Roll();
        using var file = File.OpenHandle(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(file);
        var at = length;
        try
        {
            if (!EndsWithLine(file, length))
            {
                // The process that wrote it was killed within a line.
                RandomAccess.Write(file, "\n"u8, at);
                at++;
            }

            RandomAccess.Write(file, lines, at);
        }
        catch (IOException)
        {
            RandomAccess.SetLength(file, length); // a part may be written
            throw;
        }
    }

    private static bool EndsWithLine(Microsoft.Win32.SafeHandles.SafeFileHandle file, long length)
    {
        Span<byte> last = stackalloc byte[1];
        return length == 0 || RandomAccess.Read(file, last, length - 1) == 0 || last[0] == (byte)'\n';
    }

    private void Roll()
    {
        for (var number = maxFiles - 1; number > 0; number--)
        {
            var from = number == 1 ? _path : Numbered(number - 1);
            if (File.Exists(from))
                File.Move(from, Numbered(number), overwrite: true);
        }

        if (maxFiles == 1)
            File.Delete(_path);
    }

    private string Numbered(int number) => string.Create(CultureInfo.InvariantCulture, $"{_path}.{number}");
}
