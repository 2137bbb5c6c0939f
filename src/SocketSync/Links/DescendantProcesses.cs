using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace SocketSync;

/// <summary>
/// Finds a child's descendants in /proc: by the mark in their environment, which they all inherit, even if they start a session
/// or their parents die; by the child's session; and by their parents. Linux only.
/// </summary>
/// <remarks>
/// It does not find a descendant to which none of this applies: one that has cleared or overwritten its environment, left the
/// session and lost its parent. A descendant that runs as another user is found, but cannot be killed.
/// </remarks>
internal sealed class DescendantProcesses
{
    private const int KillSignal = 9;

    /// <summary>A family that still grows after so many rounds forks faster than it can be killed.</summary>
    private const int MaxRounds = 100;

    private const int ChunkBytes = 4096;

    /// <summary>The parent of all threads of the kernel.</summary>
    private const int KernelThreads = 2;

    private readonly int _child;
    private readonly byte[] _mark;
    private readonly ulong _since;

    /// <param name="child">Has just been started.</param>
    /// <param name="mark">Is in its environment, and in no environment but those of its descendants.</param>
    public DescendantProcesses(int child, string mark)
    {
        _child = child;
        _mark = Encoding.ASCII.GetBytes(mark);
        _since = TryRead(child, out var process) ? process.Start : 0; // no descendant is older than the child
    }

    /// <summary>Kills the descendants, and those that they start meanwhile.</summary>
    /// <param name="isChildAlive">Whether the child still runs, so that its id does not belong to another process.</param>
    public void Kill(bool isChildAlive)
    {
        var killed = new HashSet<int>();
        for (var round = 0; round < MaxRounds; round++)
        {
            var isNew = false;
            var family = Find(isChildAlive && round == 0, out var isCertain);
            foreach (var id in family)
            {
                _ = Kill(id, KillSignal);
                isNew |= killed.Add(id);
            }

            if (isNew) continue;
            if (isCertain) return;
            Thread.Sleep(1); // an exec takes less
        }
    }

    /// <param name="withChild">Whether to count the child to its family.</param>
    /// <param name="isCertain">Whether nobody was met who may be a descendant, and may not be.</param>
    private HashSet<int> Find(bool withChild, out bool isCertain)
    {
        var others = new List<ProcessEntry>();
        var family = new HashSet<int>();
        isCertain = true;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                || !TryRead(id, out var process) || process.Start < _since || process.IsZombie || process.Parent == KernelThreads)
                continue;
            var isMarked = (withChild && id == _child) || process.Session == _child ? true : IsMarked(id);
            if (isMarked == true) family.Add(id);
            else others.Add(process);
            // Of one that has ended meanwhile nothing can be read, either.
            if (isMarked is null) isCertain &= !TryRead(id, out process) || process.IsZombie;
        }

        while (others.RemoveAll(other => family.Contains(other.Parent) && family.Add(other.Id)) > 0)
        {
            // until nobody is left whose parent belongs to the family
        }

        return family;
    }

    /// <returns>
    /// Null while it is in the middle of an exec: it has its new memory then, and neither an environment nor arguments in it yet. One that
    /// has cleared its environment has arguments.
    /// </returns>
    private bool? IsMarked(int id)
    {
        var isMarked = ReadMark(id);
        // The exec may end between any two looks, and the next one begin.
        for (var looks = 0; isMarked is null && looks < 3; looks++)
        {
            if (!HasArguments(id)) return null;
            isMarked = ReadMark(id);
        }

        return isMarked ?? false;
    }

    /// <returns>Null if there is no environment.</returns>
    private bool? ReadMark(int id)
    {
        using var file = Open(id, "environ");
        if (file is null) return false;
        Span<byte> window = stackalloc byte[ChunkBytes];
        var kept = 0;
        long position = 0;
        for (; Read(file, window[kept..], position) is > 0 and var count; position += count)
        {
            var filled = window[..(kept + count)];
            if (filled.IndexOf(_mark) >= 0) return true;
            // The mark may begin at the end of this part.
            kept = Math.Min(filled.Length, _mark.Length - 1);
            filled[^kept..].CopyTo(window);
        }

        return position == 0 ? null : false;
    }

    private static bool HasArguments(int id)
    {
        using var file = Open(id, "cmdline");
        Span<byte> any = stackalloc byte[1];
        return file is not null && Read(file, any, 0) > 0;
    }

    private static bool TryRead(int id, out ProcessEntry process)
    {
        process = default;
        using var file = Open(id, "stat");
        Span<byte> stat = stackalloc byte[512];
        if (file is null) return false;
        var count = Read(file, stat, 0);
        if (count == 0) return false;

        // The name, in parentheses, may contain anything; the state, the parent, the group and the session follow.
        Span<char> text = stackalloc char[512];
        ReadOnlySpan<char> fields = text[..Encoding.Latin1.GetChars(stat[..count], text)];
        fields = fields[(fields.LastIndexOf(')') + 2)..];
        Span<Range> words = stackalloc Range[21];
        _ = fields.Split(words, ' ');
        process = new(
            id,
            fields[0] is 'Z' or 'X',
            int.Parse(fields[words[1]], CultureInfo.InvariantCulture),
            int.Parse(fields[words[3]], CultureInfo.InvariantCulture),
            ulong.Parse(fields[words[19]], CultureInfo.InvariantCulture));
        return true;
    }

    private static SafeFileHandle? Open(int id, string name)
    {
        try
        {
            return File.OpenHandle(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/{name}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended, or belongs to another user
        }
    }

    private static int Read(SafeFileHandle file, Span<byte> buffer, long position)
    {
        try
        {
            return RandomAccess.Read(file, buffer, position);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0; // it has ended meanwhile
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);

    private readonly record struct ProcessEntry(int Id, bool IsZombie, int Parent, int Session, ulong Start);
}
