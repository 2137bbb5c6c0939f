namespace SocketSync;

/// <summary>The process's stderr, which may be a pipe that nobody reads: nothing waits for it, but the end of the process, and that not long.</summary>
internal static class StandardError
{
    private const int Capacity = 1000;

    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(1);

    private static readonly BackgroundWriter<string> Writer = new(
        "stderr", Capacity, FlushTime, static line => Console.Error.WriteLine(line), static lost => Console.Error.WriteLine($"{lost} lines are lost here"));

    /// <summary>Writes a line soon; returns at once.</summary>
    public static void WriteLine(string line) => Writer.Write(line);

    /// <summary>Waits, not for long, until all is written. Nothing more is.</summary>
    public static void Close() => Writer.Dispose();
}
