using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace SocketSync.Benchmarks;

/// <summary><c>load</c> as a process of its own: as fresh for one contestant as for the next.</summary>
internal static class LoadProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <exception cref="LoadFailureException">A check failed.</exception>
    public static async Task<LoadReport> RunAsync(
        int port, Scenario scenario, string protocol, bool reconnect, IEnumerable<int> servers, CompareOptions options, CancellationToken cancellationToken,
        int ports = 1, int? rate = null)
    {
        List<string> arguments =
        [
            "load", "--json", "--target", Text($"127.0.0.1:{port}"), "--ports", Text($"{ports}"), "--connections", Text($"{scenario.Connections}"), "--pipeline", Text($"{scenario.Pipeline}"),
            "--protocol", protocol, "--seconds", Text($"{options.Seconds}"), "--warmup", Text($"{options.Warmup}"),
            .. servers.SelectMany(static server => (string[])["--server-pid", Text($"{server}")]),
        ];
        if (reconnect) arguments.Add("--reconnect");
        if (rate is { } perSecond) arguments.AddRange("--rate", Text($"{perSecond}"));
        var start = Workplace.Self(arguments);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(TimeSpan.FromSeconds(options.Seconds + options.Warmup) + Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(bound.Token);
            var errors = process.StandardError.ReadToEndAsync(bound.Token);
            await process.WaitForExitAsync(bound.Token);
            if (process.ExitCode != 0) throw new LoadFailureException(LastLine(await errors));
            return JsonSerializer.Deserialize<LoadReport>(await output, LoadReport.Json)!;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LoadFailureException("the load did not end in time.");
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    private static string LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is [.., var last] ? last : "the load ended without a word.";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
