using System.Diagnostics.CodeAnalysis;
using System.Globalization;

/// <summary>
/// Runs inside the measured server (DOTNET_STARTUP_HOOKS): for each line on its standard input it collects, and prints how
/// many bytes are alive and how many were ever allocated. Only the process itself knows these exactly.
/// </summary>
[SuppressMessage("Design", "CA1050:Declare types in namespaces", Justification = "The runtime looks for this name, in no namespace.")]
[SuppressMessage("Design", "MA0047:Declare types in namespaces", Justification = "The runtime looks for this name, in no namespace.")]
internal static class StartupHook
{
    public const string Mark = "HEAP";

    public static void Initialize() =>
        new Thread(Answer) { IsBackground = true, Name = "Footprint" }.Start();

    private static void Answer()
    {
        using var questions = new StreamReader(Console.OpenStandardInput());
        using var answers = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        while (questions.ReadLine() is not null)
        {
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var alive = GC.GetTotalMemory(forceFullCollection: true);
            answers.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Mark} {alive} {allocated}"));
        }
    }
}
