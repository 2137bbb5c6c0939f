using System.CommandLine;

namespace SocketSync;

/// <summary><c>pause</c>, <c>resume</c>, <c>close</c> and <c>move</c>: what an operator does to a running server.</summary>
internal static class SteeringCommands
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60); // of a move: the requests in hand are finished first

    private static readonly Argument<string> ResourceArgument = new("NAME") { Description = "The resource" };

    private static readonly Argument<string> NodeArgument = new("NODE") { Description = "The node that shall own it" };

    private static readonly Argument<string> ConnectionArgument = new("ID") { Description = "The client's connection, as status and /api/connections name it" };

    public static IEnumerable<Command> Build() =>
    [
        Build(
            "pause", "Grant no more turns of a resource: the turn in hand ends, requests wait; exit code 0 or 1.\n\nExample: pause Bench", [ResourceArgument],
            parsed => new(Name(parsed), HttpMethod.Post, $"{Path(parsed)}/pause", "is paused")),
        Build(
            "resume", "Grant turns of a resource again; exit code 0 or 1.\n\nExample: resume Bench", [ResourceArgument],
            parsed => new(Name(parsed), HttpMethod.Post, $"{Path(parsed)}/resume", "goes on")),
        Build(
            "close", "Close a client; its turn or lease is cancelled; exit code 0 or 1.\n\nExample: close 0HNB2K3L4M5N6", [ConnectionArgument],
            parsed => new(parsed.GetValue(ConnectionArgument)!, HttpMethod.Delete, $"api/connections/{Uri.EscapeDataString(parsed.GetValue(ConnectionArgument)!)}", "is closed")),
        Build(
            "move", "Let another node own a resource, once the owner has answered what it has; exit code 0 or 1.\n\nExample: move Bench b", [ResourceArgument, NodeArgument],
            parsed => new(
                Name(parsed), HttpMethod.Post, $"{Path(parsed)}/move?node={Uri.EscapeDataString(parsed.GetValue(NodeArgument)!)}", $"is moved to {parsed.GetValue(NodeArgument)}")),
    ];

    private static Command Build(string name, string description, IEnumerable<Argument> arguments, Func<ParseResult, Step> step)
    {
        var command = new Command(name, description) { OperatorClient.UrlOption, OperatorClient.TokenOption };
        foreach (var argument in arguments) command.Add(argument);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, step(parsed), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Step step, CancellationToken cancellationToken)
    {
        var problems = CommandLineKeys.ProblemsOf(parsed);
        var (server, token) = (OperatorClient.FindServer(parsed, problems), OperatorClient.FindToken(parsed, problems));
        if (problems.Count > 0) return ServerExit.Invalid(problems);

        using var client = new OperatorClient(server!, token, Patience);
        try
        {
            if (await client.SteerAsync(step.Method, step.Path, cancellationToken) is not { } refusal)
            {
                Console.Out.WriteLine($"{step.Subject} {step.Done}");
                return ServerExit.Ok;
            }

            Console.Error.WriteLine($"{step.Subject}: {refusal}");
            return ServerExit.Failed;
        }
        catch (OperatorException e)
        {
            Console.Error.WriteLine(e.Message);
            return ServerExit.Failed;
        }
    }

    private static string Name(ParseResult parsed) => parsed.GetValue(ResourceArgument)!;

    private static string Path(ParseResult parsed) => $"api/resources/{Uri.EscapeDataString(Name(parsed))}";

    /// <param name="Subject">What it is done to.</param>
    /// <param name="Method">How the server is asked.</param>
    /// <param name="Path">Where.</param>
    /// <param name="Done">What is said of the subject when it was done.</param>
    private sealed record Step(string Subject, HttpMethod Method, string Path, string Done);
}
