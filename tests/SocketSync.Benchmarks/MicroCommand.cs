using System.CommandLine;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace SocketSync.Benchmarks;

/// <summary><c>micro</c>: the benchmarks of the gate and the protocols; what follows it goes to BenchmarkDotNet.</summary>
internal static class MicroCommand
{
    public static Command Create()
    {
        var arguments = new Argument<string[]>("arguments")
        {
            Description = "Passed on to BenchmarkDotNet, such as --filter '*' --job Dry.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("micro", "Runs the benchmarks of the gate and the protocols.") { arguments };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(parsed =>
        {
            string[] passed = [.. parsed.GetValue(arguments) ?? [], .. parsed.UnmatchedTokens];
            var summaries = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(passed).ToList();
            return summaries.Count > 0 && summaries.All(IsWhole) ? 0 : 1;
        });
        return command;
    }

    // BenchmarkDotNet prints what went wrong, and goes on as if nothing had.
    private static bool IsWhole(Summary summary) =>
        summary.HasCriticalValidationErrors is false && summary.Reports.Length > 0 && summary.Reports.All(report => report.Success);
}
