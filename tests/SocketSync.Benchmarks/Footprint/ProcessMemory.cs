using System.Globalization;

namespace SocketSync.Benchmarks;

/// <summary>What the system says of a process's memory, in bytes.</summary>
/// <param name="Resident">All that is in memory, shared files included.</param>
/// <param name="Private">What is its own.</param>
internal readonly record struct ProcessMemory(long Resident, long Private)
{
    public static ProcessMemory Of(int process)
    {
        var kilobytes = File.ReadLines($"/proc/{process}/smaps_rollup")
            .Select(line => line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is [_, _, "kB"])
            .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
        return new(kilobytes["Rss"] * 1024, (kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]) * 1024);
    }
}
