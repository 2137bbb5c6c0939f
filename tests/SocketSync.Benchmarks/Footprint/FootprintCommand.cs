using System.CommandLine;

namespace SocketSync.Benchmarks;

/// <summary><c>footprint</c>: what a server costs that nobody asks for speed.</summary>
internal static class FootprintCommand
{
    public static Command Create()
    {
        var connections = new Option<int>("--connections") { Description = "Idle clients.", DefaultValueFactory = _ => 10_000 };
        var requests = new Option<int>("--requests") { Description = "Requests of steady echo.", DefaultValueFactory = _ => 1_000_000 };
        var rounds = new Option<int>("--rounds") { Description = "Starts, and comparisons with and without a scrape.", DefaultValueFactory = _ => 7 };
        var probes = new Option<int>("--probes") { Description = "Questions whose answers are timed, in each comparison.", DefaultValueFactory = _ => 5_000 };
        var handshakes = new Option<int>("--handshakes") { Description = "TLS clients that connect at once.", DefaultValueFactory = _ => 1000 };
        var server = new Option<string?>("--server") { Description = "Whose start is measured: the path of SocketSync.Server.dll as the image has it, published with PublishReadyToRun. [default: as built]" };
        var command = new Command("footprint", "Measures memory, allocations, the start, and how health answers beside processors that block.")
        {
            connections, requests, rounds, probes, handshakes, server,
        };
        foreach (var host in FootprintHosts.Create())
            command.Subcommands.Add(host);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IAsyncEnumerable<Finding>[] measurements =
            [
                Start.MeasureAsync(parsed.GetValue(rounds), parsed.GetValue(server), cancellationToken),
                IdleClients.MeasureAsync(parsed.GetValue(connections), cancellationToken),
                SteadyEcho.MeasureAsync(parsed.GetValue(requests), cancellationToken),
                Blocked.MeasureAsync(parsed.GetValue(probes), cancellationToken),
                Scrape.MeasureAsync(parsed.GetValue(rounds), parsed.GetValue(probes), cancellationToken),
                TlsBurst.MeasureAsync(parsed.GetValue(rounds), parsed.GetValue(handshakes), parsed.GetValue(probes) / 1000.0, cancellationToken),
            ];
            foreach (var measurement in measurements)
            {
                await foreach (var finding in measurement)
                    Console.WriteLine(finding);
            }

            return 0;
        });
        return command;
    }
}
