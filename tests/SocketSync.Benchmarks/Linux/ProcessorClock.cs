using System.Globalization;

namespace SocketSync.Benchmarks;

/// <summary>The CPU time of another process, all its threads together, as <c>/proc</c> tells it.</summary>
internal static class ProcessorClock
{
    // USER_HZ, the unit of /proc/PID/stat, whatever the kernel itself ticks by.
    private const double TicksPerSecond = 100;

    /// <returns><see langword="null"/> where it has ended.</returns>
    public static TimeSpan? Read(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            // The name, in parentheses, may hold spaces; user and system time are the 12th and 13th after it.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
            return TimeSpan.FromSeconds(ticks / TicksPerSecond);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
