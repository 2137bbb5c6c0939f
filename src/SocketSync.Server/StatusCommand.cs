using System.CommandLine;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace SocketSync;

/// <summary><c>status</c>: what a running server does, for people on a terminal.</summary>
internal static class StatusCommand
{
    private const string StatusPath = "api/status";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private static readonly Option<bool> JsonOption = new("--json") { Description = "Print what /api/status says, as it is" };

    private static readonly Option<bool> WatchOption = new("--watch") { Description = "Keep it live on the terminal, until Ctrl-C" };

    public static Command Build()
    {
        var command = new Command("status", """
            Print what a running server does: its resources, who has the turn, who waits, and the links; exit code 0 or 1

            Examples:
              status
              status --watch --url http://192.0.2.10:8080
            """)
        {
            OperatorClient.UrlOption, JsonOption, WatchOption,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var problems = CommandLineKeys.ProblemsOf(parsed);
        var server = OperatorClient.FindServer(parsed, problems);
        var (isJson, isWatch) = (parsed.GetValue(JsonOption), parsed.GetValue(WatchOption));
        if (isJson && isWatch) problems.Add("--watch: is for people; for programs there is /api/events");
        else if (isWatch && Console.IsOutputRedirected) problems.Add("--watch: needs a terminal");
        if (problems.Count > 0) return ServerExit.Invalid(problems);

        using var client = new OperatorClient(server!, token: null, Patience);
        try
        {
            if (isJson) Console.Out.WriteLine(await client.GetAsync(StatusPath, cancellationToken));
            else if (isWatch) await WatchAsync(client, cancellationToken);
            else Print(await client.GetAsync<ShownStatus>(StatusPath, cancellationToken));
            return ServerExit.Ok;
        }
        catch (OperatorException e)
        {
            Console.Error.WriteLine(e.Message);
            return ServerExit.Failed;
        }
    }

    private static void Print(ShownStatus status) =>
        TerminalOutput.Write((width, isPlain) => StatusTable.Draw(status, before: null, width, isPlain));

    /// <summary>A server that does not answer for a while is shown as such: it may be what is being watched for.</summary>
    private static async Task WatchAsync(OperatorClient client, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var last = (Status: await client.GetAsync<ShownStatus>(StatusPath, cancellationToken), At: time.GetTimestamp());
        try
        {
            await AnsiConsole.Live(Drawing(last.Status, before: null)).AutoClear(false).Overflow(VerticalOverflow.Ellipsis).StartAsync(async live =>
            {
                while (true)
                {
                    await Task.Delay(Period, cancellationToken);
                    try
                    {
                        var now = (Status: await client.GetAsync<ShownStatus>(StatusPath, cancellationToken), At: time.GetTimestamp());
                        live.UpdateTarget(Drawing(now.Status, (last.Status, time.GetElapsedTime(last.At, now.At))));
                        last = now;
                    }
                    catch (OperatorException e)
                    {
                        live.UpdateTarget(new Rows(Drawing(last.Status, before: null), new Text($"{e.Message}; shown is what it said {time.GetElapsedTime(last.At).TotalSeconds:0} s ago", new Style(Color.Red))));
                    }
                }
            });
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is how it ends.
        }

        static IRenderable Drawing(ShownStatus status, (ShownStatus Status, TimeSpan Ago)? before) =>
            StatusTable.Draw(status, before, AnsiConsole.Profile.Width, isPlain: false);
    }
}
