using System.Globalization;
using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>The server's own <c>simulate</c>, as a process of its own.</summary>
internal sealed partial class SimulatedDevice : IAsyncDisposable
{
    private SimulatedDevice(ChildProcess process) => Process = process;

    public ChildProcess Process { get; }

    /// <summary>Where it listens, if it is on no serial line.</summary>
    public int Port => int.Parse(Listening().Match(Process.Log).Groups["port"].Value, CultureInfo.InvariantCulture);

    /// <summary>What stands in a link to it.</summary>
    public string Link => $$""" "Tcp": { "Host": "127.0.0.1", "Port": {{Port}} } """;

    public int Connections => Process.Output.Count(line => line.Contains(" connected ", StringComparison.Ordinal));

    /// <summary>The requests that it got, as it prints them.</summary>
    public IReadOnlyList<string> Requests => [.. Process.Output.Select(line => Request().Match(line)).Where(match => match.Success).Select(match => match.Groups["text"].Value)];

    /// <summary>Starts it and waits until it can be reached.</summary>
    /// <param name="arguments">The kind and its options; without an address it listens on a free port.</param>
    public static async Task<SimulatedDevice> StartAsync(params string[] arguments)
    {
        string[] where = arguments.Contains("--listen") || arguments.Contains("--serial") ? [] : ["--listen", "0"];
        // A signal that whoever runs the tests ignores, as a shell lets its background jobs, would be ignored here too.
        var process = new ChildProcess("env", ["--default-signal=INT", "dotnet", ServerProcess.Assembly("ServerAssembly"), "simulate", .. arguments, .. where]);
        try
        {
            await Poll.UntilAsync(
                () => Task.FromResult(process.HasExited || process.Log.Contains("; Ctrl-C ends it", StringComparison.Ordinal)),
                () => $"the device has not started: {process.Log}");
            Assert.False(process.HasExited, process.Log);
            return new(process);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public Task WaitForAsync(string words) =>
        Poll.UntilAsync(() => Task.FromResult(Process.Log.Contains(words, StringComparison.Ordinal)), () => $"'{words}' in:\n{Process.Log}");

    /// <summary>Ends it in order, if the test has not.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!Process.HasExited && !Process.IsToldToEnd)
        {
            Process.Terminate();
            var code = await Process.ExitAsync(TimeSpan.FromSeconds(10));
            if (code != 0) Findings.Tell($"the simulated device ended with {code}:\n{Process.Log}");
        }

        await Process.DisposeAsync();
    }

    [GeneratedRegex(@" listens on [^ ]+:(?<port>\d+)[ ;]", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Listening();

    [GeneratedRegex(@" request \d+: (?<text>.*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Request();
}
