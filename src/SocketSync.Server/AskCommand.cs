using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync;

/// <summary><c>ask</c>: sends a line and prints the line that answers it.</summary>
internal static class AskCommand
{
    private const int MostOfReply = 1 << 20;
    private const int Shown = 200;
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(10);

    private static readonly Argument<string> TargetArgument = new("HOST:PORT") { Description = "Whom to ask, such as localhost:56780 or [::1]:56780" };

    private static readonly Argument<string[]> TextArgument = new("TEXT")
    {
        Description = "The line, without its end; several words are sent with a space between them",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string?> TimeoutOption = new("--timeout")
    {
        HelpName = "TIME",
        Description = $"How long to wait for the reply: hh:mm:ss[.fff], 200ms or 1.5s [default: {DefaultPatience.TotalSeconds}s]",
    };

    public static Command Build()
    {
        var command = new Command("ask", "Send a line and print the reply; exit code 0, or 1 without one.\n\nExample: ask localhost:5022 \"*IDN?\"")
        {
            TargetArgument, TextArgument, TimeoutOption,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var problems = CommandLineKeys.ProblemsOf(parsed);
        var (target, timeout) = (parsed.GetValue(TargetArgument)!, parsed.GetValue(TimeoutOption));
        if (!TryParse(target, out var host, out var port)) problems.Add($"HOST:PORT: '{target}': must be a host and a port, such as localhost:56780 or [::1]:56780");
        var patience = DefaultPatience;
        if (timeout is not null && (!SimulatedManners.TryParseTime(timeout, out patience) || patience == TimeSpan.Zero))
            problems.Add($"--timeout: '{timeout}': {SimulatedManners.TimeForms}");
        if (problems.Count > 0) return ServerExit.Invalid(problems);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            Console.Out.WriteLine(await AskAsync(host, port, string.Join(' ', parsed.GetValue(TextArgument)!), limit.Token));
            return ServerExit.Ok;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine($"{target}: no reply within {patience.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            Console.Error.WriteLine($"{target}: {LinkErrorText.Of(e)}");
        }

        return ServerExit.Failed;
    }

    private static async Task<string> AskAsync(string host, int port, string text, CancellationToken cancellationToken)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(host, port, cancellationToken);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text + "\n"), cancellationToken);

        var reply = new List<byte>();
        var buffer = new byte[4096];
        while (true)
        {
            var count = await stream.ReadAsync(buffer, cancellationToken);
            if (count == 0) throw new IOException(reply.Count == 0 ? "closed without a reply" : $"closed in the middle of a reply: {Some(reply)}");
            var end = Array.IndexOf(buffer, (byte)'\n', 0, count);
            reply.AddRange(buffer.AsSpan(0, end < 0 ? count : end));
            if (end >= 0) return Encoding.UTF8.GetString([.. reply]).TrimEnd('\r');
            if (reply.Count > MostOfReply) throw new IOException($"the reply has no end: {Some(reply)}");
        }
    }

    private static string Some(List<byte> reply) => SimulatedReply.Quote(Encoding.UTF8.GetString([.. reply.Take(Shown)]));

    private static bool TryParse(string target, out string host, out int port)
    {
        var colon = target.LastIndexOf(':');
        host = colon < 0 ? "" : target[..colon].TrimStart('[').TrimEnd(']');
        return int.TryParse(target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port is >= 1 and <= ushort.MaxValue && Uri.CheckHostName(host) != UriHostNameType.Unknown;
    }
}
