using System.Globalization;
using Spectre.Console;

namespace SocketSync;

/// <summary>A journal for people, in times of this machine's zone.</summary>
internal static class JournalText
{
    private const int MostHex = 128;

    /// <summary>One line, and two more where the bytes are kept.</summary>
    /// <param name="line">The line.</param>
    /// <param name="awaited">Who had the resource while it waited.</param>
    public static string Of(JournalLine line, string? awaited)
    {
        var at = $"{line.EndedAt.ToLocalTime():yyyy-MM-dd HH:mm:ss.fff}";
        if (line.Kind == JournalLine.LostKind) return $"{at}  ({Count(line.Lost, "line")} could not be written here)";
        var who = $"{at}  {LogText.Escape(line.Resource),-14}  {LogText.Escape(line.Client),-21}";
        if (line.Kind == JournalLine.LeaseKind) return $"{who}  lease of {Seconds(line.Took)}";
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{who}  {LogText.Escape(line.Outcome),-11}  took {Seconds(line.Took),-9}  {line.RequestBytes} → {line.ReplyBytes} bytes");
        if (line.Waited >= TimeSpan.FromMilliseconds(1)) text += $", waited {Seconds(line.Waited)}{(awaited is null ? "" : $" for {LogText.Escape(awaited)}")}";
        return text + Bytes('>', line.Request) + Bytes('<', line.Reply);
    }

    /// <summary>For each resource and address: how often it asked, what came of it, and whom it kept waiting.</summary>
    public static Table Summary(IEnumerable<JournalLine> lines, bool isPlain)
    {
        var clients = new Dictionary<(string Resource, string Address), ClientTotal>();
        foreach (var line in lines.Where(line => line.Kind != JournalLine.LostKind))
        {
            var key = (line.Resource, line.Address);
            if (!clients.TryGetValue(key, out var sum)) clients[key] = sum = new();
            sum.Add(line);
        }

        var table = new Table { Border = isPlain ? TableBorder.None : TableBorder.Simple };
        foreach (var name in (string[])["Resource", "Client", "Asked", "Not served", "Had it for", "Longest", "Waited", "Longest wait", "First", "Last"])
        {
            var isText = name is "Resource" or "Client" or "First" or "Last";
            table.AddColumn(new TableColumn(name) { NoWrap = true, Alignment = isText ? Justify.Left : Justify.Right });
        }

        foreach (var ((resource, address), sum) in clients.OrderBy(client => client.Key.Resource, StringComparer.OrdinalIgnoreCase).ThenByDescending(client => client.Value.Held))
        {
            table.AddRow(
                new Text(LogText.Escape(resource)), new Text(LogText.Escape(address)), Number(sum.Asked), Number(sum.Unserved), new Text(Seconds(sum.Held)),
                new Text(Seconds(sum.LongestHeld)), new Text(Seconds(sum.Waited)), new Text(Seconds(sum.LongestWait)), Time(sum.First), Time(sum.Last));
        }

        return table;

        static Text Number(long number) => new(number.ToString(CultureInfo.InvariantCulture));
        static Text Time(DateTimeOffset time) => new($"{time.ToLocalTime():yyyy-MM-dd HH:mm:ss}");
    }

    private static string Bytes(char direction, string? hex) => hex is not { Length: > 0 } ? ""
        : $"{Environment.NewLine}    {direction} {LogText.Escape(hex.Length <= MostHex ? hex : hex[..MostHex] + "…")}";

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, time.TotalSeconds):0.000} s");

    private static string Count(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    private sealed class ClientTotal
    {
        public long Asked { get; private set; }

        public long Unserved { get; private set; }

        public TimeSpan Held { get; private set; }

        public TimeSpan LongestHeld { get; private set; }

        public TimeSpan Waited { get; private set; }

        public TimeSpan LongestWait { get; private set; }

        public DateTimeOffset First { get; private set; } = DateTimeOffset.MaxValue;

        public DateTimeOffset Last { get; private set; } = DateTimeOffset.MinValue;

        public void Add(JournalLine line)
        {
            (First, Last) = (First < line.EndedAt ? First : line.EndedAt, Last > line.EndedAt ? Last : line.EndedAt);
            if (line.Kind == JournalLine.LeaseKind) return; // its turns have lines of their own
            Asked++;
            if (line.Outcome is not ("ok" or "cached")) Unserved++;
            (Held, LongestHeld) = (Held + line.Took, LongestHeld > line.Took ? LongestHeld : line.Took);
            (Waited, LongestWait) = (Waited + line.Waited, LongestWait > line.Waited ? LongestWait : line.Waited);
        }
    }
}
