using System.CommandLine;
using System.Globalization;

namespace SocketSync;

/// <summary><c>journal</c>: reads back what a server has written down.</summary>
internal static class JournalCommand
{
    private static readonly Argument<string[]> FilesArgument = new("FILES")
    {
        Description = "The files, such as /var/log/socketsync.jsonl*, in any order",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string?> ResourceOption = new("--resource") { HelpName = "NAME", Description = "Only what was asked of this resource" };

    private static readonly Option<string?> ClientOption = new("--client") { HelpName = "ADDRESS", Description = "Only what this client has asked: an address, with a port or without, or an id" };

    private static readonly Option<string?> FromOption = new("--from")
    {
        HelpName = "TIME",
        Description = "Only what has ended since then: 2026-11-29T22:30, 22:30 of today, or 90min, 24h or 7d ago",
    };

    private static readonly Option<int?> SlowestOption = new("--slowest") { HelpName = "N", Description = "Only the N turns that took longest, the longest first" };

    private static readonly Option<bool> SummaryOption = new("--summary") { Description = "What each client has asked and had, all in all" };

    private static readonly Option<string?> PcapOption = new("--pcap")
    {
        HelpName = "OUT",
        Description = "Write the bytes, which the journal has with SocketSync:Journal:Payloads, to a file for Wireshark",
    };

    public static Command Build()
    {
        var command = new Command("journal", """
            Read a journal: who used what and when, who waited for whom, and what was refused; exit code 0, or 1 if a file cannot be read

            Examples:
              journal /var/log/socketsync.jsonl* --resource Inverter --from 1h
              journal /var/log/socketsync.jsonl --slowest 20
              journal /var/log/socketsync.jsonl* --client 192.0.2.7 --pcap out.pcap
            """)
        {
            FilesArgument, ResourceOption, ClientOption, FromOption, SlowestOption, SummaryOption, PcapOption,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var problems = CommandLineKeys.ProblemsOf(parsed);
        DateTimeOffset? from = null;
        if (parsed.GetValue(FromOption) is { } text && (from = TimeOf(text, DateTimeOffset.Now)) is null)
            problems.Add($"--from: '{text}': must be a time such as 2026-11-29T22:30 or 22:30, or how long ago, such as 90min, 24h or 7d");
        var slowest = parsed.GetValue(SlowestOption);
        if (slowest < 1) problems.Add($"--slowest: '{slowest}': must be at least 1");
        string[] outputs = [.. new[] { (slowest is not null, "--slowest"), (parsed.GetValue(SummaryOption), "--summary"), (parsed.GetValue(PcapOption) is not null, "--pcap") }
            .Where(output => output.Item1).Select(output => output.Item2)];
        if (outputs.Length > 1) problems.Add($"{string.Join(", ", outputs)}: only one of them can be given");
        if (problems.Count > 0) return ServerExit.Invalid(problems);

        try
        {
            var reader = new JournalReader(parsed.GetValue(FilesArgument)!);
            var filter = new JournalFilter(parsed.GetValue(ResourceOption), parsed.GetValue(ClientOption), from);
            if (slowest is { } most) PrintSlowest(reader, filter, most);
            else if (parsed.GetValue(SummaryOption)) PrintSummary(reader, filter);
            else if (parsed.GetValue(PcapOption) is { } file) Capture(reader, filter, file);
            else Print(reader, filter);
            if (reader.Damaged > 0) Console.Error.WriteLine($"{reader.Damaged} lines are no lines of a journal, and are passed over");
            return ServerExit.Ok;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!IsBrokenPipe(e)) Console.Error.WriteLine(e.Message);
            return ServerExit.Failed;
        }
    }

    private static void Print(JournalReader reader, JournalFilter filter)
    {
        // Journals are long: the console's own writer would flush each line.
        using var output = new StreamWriter(Console.OpenStandardOutput());
        foreach (var (line, awaited) in Lines(reader, filter)) output.WriteLine(JournalText.Of(line, awaited));
    }

    private static void PrintSlowest(JournalReader reader, JournalFilter filter, int most)
    {
        var slowest = new PriorityQueue<(JournalLine Line, string? Awaited), TimeSpan>();
        foreach (var line in Lines(reader, filter).Where(line => line.Line.Kind == JournalLine.TurnKind))
        {
            slowest.Enqueue(line, line.Line.Took);
            if (slowest.Count > most) slowest.Dequeue();
        }

        var found = new Stack<string>();
        while (slowest.TryDequeue(out var line, out _)) found.Push(JournalText.Of(line.Line, line.Awaited));
        foreach (var text in found) Console.Out.WriteLine(text);
    }

    private static void PrintSummary(JournalReader reader, JournalFilter filter) =>
        TerminalOutput.Write((_, isPlain) => JournalText.Summary(reader.Read().Where(filter.Takes), isPlain));

    private static void Capture(JournalReader reader, JournalFilter filter, string file)
    {
        using var capture = new JournalCapture(new BufferedStream(File.Create(file)));
        foreach (var line in reader.Read().Where(filter.Takes)) capture.Add(line);
        Console.Error.WriteLine(capture.Packets > 0
            ? $"{capture.Packets} requests and replies are in {file}"
            : $"{file} is empty: the lines have no bytes; a server writes them with {nameof(SocketSync)}:Journal:Payloads=true");
    }

    private static IEnumerable<(JournalLine Line, string? Awaited)> Lines(JournalReader reader, JournalFilter filter)
    {
        var holders = new JournalHolders();
        foreach (var line in reader.Read())
        {
            if (filter.Takes(line)) yield return (line, holders.AwaitedBy(line));
            holders.Add(line);
        }
    }

    /// <summary>A time of this machine's zone, unless it names its own, or how long before now.</summary>
    internal static DateTimeOffset? TimeOf(string text, DateTimeOffset now)
    {
        foreach (var (unit, seconds) in ((string, int)[])[("min", 60), ("s", 1), ("h", 3600), ("d", 86_400)])
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
                && count * seconds < TimeSpan.FromDays(36_500).TotalSeconds)
                return now - TimeSpan.FromSeconds(count * seconds);
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var time) ? time : null;
    }

    private static bool IsBrokenPipe(Exception exception) => exception.Message.Contains("Broken pipe", StringComparison.Ordinal);
}
