using System.Globalization;
using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>
/// Keeps the last file descriptors free of clients, so that HTTP, and after it logs and links, still get one. Descriptors
/// are given out lowest first: the number of a new one tells how full the table is.
/// </summary>
/// <param name="limit">How many descriptors the process may have.</param>
internal sealed class DescriptorReserve(long limit)
{
    private const int Most = 64;

    // No more: an idle host holds two descriptors for each loaded assembly, some 240 in all, and under a limit of 256 a
    // larger share would leave no client any.
    private const int Share = 32;

    /// <summary>.NET raises its limit to the hard one at start; it does not change afterwards.</summary>
    public static DescriptorReserve OfThisProcess { get; } = new(ReadLimit());

    public long Limit { get; } = limit;

    /// <summary>The first descriptor number that no client gets.</summary>
    public long First { get; } = limit - Math.Min(Most, limit / Share);

    /// <summary>The first descriptor number that HTTP does not get either.</summary>
    public long FirstBeyondHttp { get; } = limit - Math.Min(Most, limit / Share) / 2;

    public bool IsTouchedBy(SafeHandle handle) => handle.DangerousGetHandle() >= First;

    public bool IsTouchedByHttp(SafeHandle handle) => handle.DangerousGetHandle() >= FirstBeyondHttp;

    private static long ReadLimit()
    {
        const string Label = "Max open files";
        try
        {
            var line = OperatingSystem.IsLinux()
                ? File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith(Label, StringComparison.Ordinal))
                : null;
            var soft = line?[Label.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(soft, CultureInfo.InvariantCulture, out var limit) ? limit : long.MaxValue;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return long.MaxValue;
        }
    }
}
