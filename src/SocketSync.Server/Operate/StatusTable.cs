using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace SocketSync;

/// <summary>A server's status as tables for people: fewer columns on a narrow terminal, and neither lines nor colours where it is no terminal.</summary>
internal static class StatusTable
{
    private const int Wide = 110;
    private const int Medium = 76;

    /// <param name="status">What the server says.</param>
    /// <param name="before">What it said before, and how long ago that was: rates are shown in place of sums.</param>
    /// <param name="width">How many columns there are.</param>
    /// <param name="isPlain">Whether a program or a file gets it.</param>
    public static IRenderable Draw(ShownStatus status, (ShownStatus Status, TimeSpan Ago)? before, int width, bool isPlain)
    {
        var parts = new List<IRenderable> { Resources(status, before, width, isPlain) };
        if (status.Listeners.Count > 0) parts.Add(Listeners(status, width, isPlain));
        if (status.Nodes is { Count: > 0 } nodes) parts.Add(Nodes(nodes, isPlain));
        return new Rows(parts);
    }

    private static Table Resources(ShownStatus status, (ShownStatus Status, TimeSpan Ago)? before, int width, bool isPlain)
    {
        var hasNodes = status.Nodes is not null;
        var table = Begin(isPlain, "RESOURCE", "STATE", "TURN", "WAITING");
        if (hasNodes) table.AddColumn(Heading("NODE"));
        // The only one with sentences, and so the only one that is broken into lines.
        if (width >= Medium) table.AddColumn(new TableColumn(Text("LINK")) { Padding = new(0, 0, 1, 0) });
        if (width >= Wide)
        {
            foreach (var heading in (string[])[before is null ? "ANSWERED" : "PER SECOND", "REFUSED", "FAILED"]) table.AddColumn(Heading(heading).RightAligned());
        }

        foreach (var (name, resource) in status.Resources.OrderBy(static pair => pair.Key, StringComparer.OrdinalIgnoreCase))
        {
            List<IRenderable> cells = [Text(name), State(resource.State, isPlain), Text(Turn(resource.Turn)), Text(Waiting(resource))];
            if (hasNodes) cells.Add(Text(resource.Node ?? "nobody"));
            if (width >= Medium) cells.Add(Text(Link(resource.Link)));
            if (width >= Wide)
                cells.AddRange([Text(Answered(name, resource, before)), Text(Count(resource.Refused)), Text(Count(resource.Failed))]);
            table.AddRow(cells);
        }

        return table;
    }

    private static Table Listeners(ShownStatus status, int width, bool isPlain)
    {
        var table = Begin(isPlain, "LISTENER", "ADDRESS");
        table.AddColumn(Heading("CLIENTS").RightAligned());
        if (width >= Medium)
        {
            foreach (var heading in (string[])["ACCEPTED", "REJECTED"]) table.AddColumn(Heading(heading).RightAligned());
        }

        foreach (var (name, listener) in status.Listeners.OrderBy(static pair => pair.Key, StringComparer.OrdinalIgnoreCase))
        {
            List<IRenderable> cells = [Text(name), Text(listener.Port is { } port ? $"{listener.Address}:{port}" : listener.Address), Text(Count(listener.Connections))];
            if (width >= Medium) cells.AddRange([Text(Count(listener.Accepted)), Text(Count(listener.Rejected))]);
            table.AddRow(cells);
        }

        return table;
    }

    private static Table Nodes(IReadOnlyDictionary<string, ShownNode> nodes, bool isPlain)
    {
        var table = Begin(isPlain, "NODE", "STATE", "VERSION");
        foreach (var heading in (string[])["OWNS", "CLIENTS"]) table.AddColumn(Heading(heading).RightAligned());
        foreach (var (name, node) in nodes.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
            table.AddRow([Text(name), Text(node.State), Text(node.Version ?? ""), Text(Count(node.Resources)), Text(Count(node.Connections))]);
        return table;
    }

    private static Table Begin(bool isPlain, params IEnumerable<string> headings)
    {
        var table = new Table { Border = isPlain ? TableBorder.None : TableBorder.Simple, ShowHeaders = true };
        foreach (var heading in headings) table.AddColumn(Heading(heading));
        return table;
    }

    private static TableColumn Heading(string text) => new(Text(text)) { NoWrap = true, Padding = new(0, 0, 1, 0) };

    // Never as markup: names and addresses may hold its brackets.
    private static Text Text(string text) => new(LogText.Escape(text));

    private static Text State(string state, bool isPlain) => new(LogText.Escape(state), isPlain ? Style.Plain : state switch
    {
        "Idle" or "Busy" => new Style(Color.Green),
        "Paused" => new Style(Color.Yellow),
        _ => new Style(Color.Red),
    });

    private static string Turn(ShownTurn? turn) => turn is null ? "-" : $"{turn.RemoteEndPoint ?? turn.ConnectionId} {Seconds(turn.HeldSeconds)}";

    private static string Waiting(ShownResource resource) =>
        resource.QueueLength == 0 ? "-" : $"{Count(resource.QueueLength)}, {Seconds(resource.OldestWaitSeconds)}";

    private static string Link(ShownLink? link) => link switch
    {
        null => "-",
        { LastError: { Length: > 0 } error } when link.State is not ("Open" or "Taken") => $"{link.State}: {error}",
        _ => link.State,
    };

    private static string Answered(string name, ShownResource resource, (ShownStatus Status, TimeSpan Ago)? before)
    {
        if (before is not { } last) return Count(resource.Completed);
        // Fewer than before: it was started again meanwhile.
        var answered = resource.Completed - (last.Status.Resources.GetValueOrDefault(name)?.Completed ?? 0);
        return answered < 0 ? "-" : (answered / Math.Max(last.Ago.TotalSeconds, 0.001)).ToString("N0", CultureInfo.InvariantCulture);
    }

    private static string Seconds(double seconds) =>
        seconds < 60 ? seconds.ToString("0.0 s", CultureInfo.InvariantCulture) : TimeSpan.FromSeconds(seconds).ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture);

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
