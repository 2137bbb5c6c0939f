using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>An instant, as three clocks show it.</summary>
/// <param name="Monotonic">In the units of <see cref="TimeProvider.GetTimestamp"/>.</param>
/// <param name="Boot">In nanoseconds.</param>
/// <param name="Wall">In ticks.</param>
internal sealed record LeaseInstant(long Monotonic, long Boot, long Wall);

/// <summary>
/// The clocks by which a term ends. The monotonic one decides; it stands still while the machine is suspended, which the boot clock
/// tells (clock_gettime(2), CLOCK_BOOTTIME), and both may stand still in a virtual machine that was paused, which the wall clock
/// tells once it is set right. What any of them says is believed if it ends a term earlier, never if it would prolong one.
/// </summary>
/// <param name="time">The monotonic and the wall clock, and the timers.</param>
/// <param name="readBoot">The clock that runs on while the machine is suspended, in nanoseconds.</param>
internal sealed class LeaseClock(TimeProvider time, Func<long> readBoot)
{
    private bool _isOfLinux;

    /// <summary>The clocks of this machine.</summary>
    public static LeaseClock System { get; } = OperatingSystem.IsLinux()
        ? new(LeaseTimers.Shared, BootClock.Read) { _isOfLinux = true }
        : new(LeaseTimers.Shared, static () => 0);

    public TimeProvider Time => time;

    /// <summary>What the clocks show.</summary>
    public LeaseInstant Now => new(time.GetTimestamp(), readBoot(), time.GetUtcNow().UtcTicks);

    public long MillisecondsSince1970 => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>What the clocks will show at the latest after a time.</summary>
    public LeaseInstant After(LeaseInstant start, TimeSpan span) =>
        new(start.Monotonic + time.ToTimestampTicks(span), start.Boot + (span.Ticks * TimeSpan.NanosecondsPerTick), start.Wall + span.Ticks);

    /// <summary>Whether no clock has reached the instant.</summary>
    public bool IsBefore(LeaseInstant end) => _isOfLinux
        // The boot clock is the monotonic one and the time for which that stood still: it is never behind, and one less is read.
        ? BootClock.Read() < end.Boot && DateTime.UtcNow.Ticks < end.Wall
        : time.GetTimestamp() < end.Monotonic && readBoot() < end.Boot && time.GetUtcNow().UtcTicks < end.Wall;

    /// <summary>How long it is, by the clock that is furthest ahead, until the instant is reached; negative afterwards.</summary>
    public TimeSpan Until(LeaseInstant end)
    {
        var now = Now;
        var left = time.GetElapsedTime(now.Monotonic, end.Monotonic).Ticks;
        left = Math.Min(left, (end.Boot - now.Boot) / TimeSpan.NanosecondsPerTick);
        return new(Math.Min(left, end.Wall - now.Wall));
    }

    private static class BootClock
    {
        private const int ClockBootTime = 7;

        public static long Read() => GetTime(ClockBootTime, out var time) == 0 ? (time.Seconds * 1_000_000_000L) + time.Nanoseconds : 0;

        // Answered by the vDSO, without a system call: not worth telling the garbage collector of.
        [DllImport("libc", EntryPoint = "clock_gettime")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        [SuppressGCTransition]
        private static extern int GetTime(int clock, out TimeSpecification time);

        [StructLayout(LayoutKind.Sequential)]
        private struct TimeSpecification
        {
            public nint Seconds;
            public nint Nanoseconds;
        }
    }
}
