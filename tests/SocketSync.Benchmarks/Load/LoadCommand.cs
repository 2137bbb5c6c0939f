using System.CommandLine;
using System.Text.Json;

namespace SocketSync.Benchmarks;

/// <summary><c>load</c>: many clients at once on one server, each reply checked to be the asker's own.</summary>
internal static class LoadCommand
{
    private static readonly Option<string> Target = new("--target") { Description = "host:port, or unix:PATH.", Required = true };
    private static readonly Option<int> Ports = new("--ports") { Description = "Spreads the clients over so many ports, from the target's on.", DefaultValueFactory = static _ => 1 };
    private static readonly Option<int> Connections = new("--connections") { Description = "Clients, all connecting at once.", DefaultValueFactory = static _ => 64 };
    private static readonly Option<int> Pipeline = new("--pipeline") { Description = "Requests that a client keeps outstanding: a batch of so many in one write, the next when all are answered.", DefaultValueFactory = static _ => 1 };
    private static readonly Option<int?> Bytes = new("--bytes") { Description = "Length of a request, delimiter or header included; with Resp of its payload. [default: 64]" };
    private static readonly Option<double> Seconds = new("--seconds") { Description = "Measured time.", DefaultValueFactory = static _ => 10 };
    private static readonly Option<double> Warmup = new("--warmup") { Description = "Seconds before it.", DefaultValueFactory = static _ => 2 };
    private static readonly Option<double?> Rate = new("--rate") { Description = "Requests per second of all clients together, on a schedule; latency is counted from the time a request was due. [default: as many as are answered]" };
    private static readonly Option<string> Protocol = new("--protocol") { Description = "What requests look like; Resp is ECHO for Redis.", DefaultValueFactory = static _ => "Line" };
    private static readonly Option<bool> Reconnect = new("--reconnect") { Description = "Each request on a connection of its own." };
    private static readonly Option<int[]> ServerPid = new("--server-pid") { Description = "A process of this machine whose CPU time is reported per request; of several, their sum." };
    private static readonly Option<bool> AsJson = new("--json") { Description = "One JSON object on stdout at the end; progress goes to stderr." };

    public static Command Create()
    {
        Protocol.AcceptOnlyFromAmong(RequestForms.Names);
        var command = new Command("load", "Asks a server as fast as it answers, or at a rate, and checks and times each reply.")
        {
            Target, Ports, Connections, Pipeline, Bytes, Seconds, Warmup, Rate, Protocol, Reconnect, ServerPid, AsJson,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var protocol = parsed.GetValue(Protocol)!;
        string[] problems =
        [
            .. LoadRules.Problems(
                parsed.GetValue(Connections), parsed.GetValue(Pipeline), parsed.GetValue(Bytes), parsed.GetValue(Seconds), parsed.GetValue(Warmup),
                parsed.GetValue(Rate), protocol, parsed.GetValue(Reconnect)),
        ];
        if (problems.Length > 0)
        {
            foreach (var problem in problems) Console.Error.WriteLine(problem);
            return 1;
        }
        try
        {
            var options = new LoadOptions
            {
                Target = LoadTarget.Resolve(parsed.GetValue(Target)!),
                Ports = parsed.GetValue(Ports),
                Form = RequestForms.Create(protocol, parsed.GetValue(Bytes) ?? LoadRules.DefaultBytes),
                Connections = parsed.GetValue(Connections),
                Pipeline = parsed.GetValue(Pipeline),
                Warmup = TimeSpan.FromSeconds(parsed.GetValue(Warmup)),
                Measured = TimeSpan.FromSeconds(parsed.GetValue(Seconds)),
                Rate = parsed.GetValue(Rate),
                Reconnect = parsed.GetValue(Reconnect),
                ServerProcesses = parsed.GetValue(ServerPid) ?? [],
            };
            var asJson = parsed.GetValue(AsJson);
            var report = LoadRun.Run(options, protocol, asJson ? Console.Error : Console.Out);
            Console.Out.WriteLine(asJson ? JsonSerializer.Serialize(report, LoadReport.Json) : report.ToText());
            return 0;
        }
        catch (LoadFailureException e)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }
}
