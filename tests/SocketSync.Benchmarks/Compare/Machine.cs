using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace SocketSync.Benchmarks;

/// <summary>What everything ran on.</summary>
internal static class Machine
{
    public static string Describe()
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30);
        var kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        return string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores ({Processor()}, {RuntimeInformation.ProcessArchitecture}), {memory:F0} GB, Linux {kernel}");
    }

    /// <summary>The runtimes and tools that took part.</summary>
    public static string Versions() => string.Join(", ", new[]
    {
        RuntimeInformation.FrameworkDescription, Version("gcc", "-dumpfullversion"), Version("go", "version"), Version("node", "--version"), Version("python3", "--version"),
        Version("redis-server", "--version"), Version("haproxy", "-v"),
    }.OfType<string>());

    private static string Processor() => File.ReadLines("/proc/cpuinfo").Where(static line => line.StartsWith("model name", StringComparison.Ordinal))
        .Select(static line => line[(line.IndexOf(':') + 1)..].Trim()).FirstOrDefault() ?? "unnamed";

    private static string? Version(string program, string argument)
    {
        if (SearchPath.Find(program) is null) return null;
        var start = Workplace.Program(program, argument);
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        // Each says it in its own way: "go version go1.19.8 linux/amd64", "v20.1.0", "Redis server v=7.0.15 sha=…".
        var number = text.Split([' ', '\n', '=']).Select(static word => word.TrimStart('g', 'o', 'v')).FirstOrDefault(static word => word.Length > 0 && char.IsAsciiDigit(word[0]));
        return $"{program} {number}";
    }
}
