using System.Text;

namespace SocketSync.Benchmarks;

/// <summary>A table that reads as well on a terminal as it does in Markdown.</summary>
internal sealed class MarkdownTable(params string[] headings)
{
    private readonly List<string[]> _rows = [headings];

    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Prints what a measurement finds, or in one line why it cannot.</summary>
    /// <param name="program">What it needs of the machine.</param>
    /// <param name="reason">What for.</param>
    /// <param name="measure">The measurement.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> PrintAsync(string program, string reason, Func<Task<MarkdownTable>> measure)
    {
        if (SearchPath.Find(program) is null)
        {
            await Console.Error.WriteLineAsync($"{program} is not installed; {reason}.");
            return 1;
        }

        try
        {
            Console.WriteLine(await measure());
            return 0;
        }
        catch (LoadFailureException failure)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    public override string ToString()
    {
        var widths = headings.Select((_, column) => _rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        for (var i = 0; i < _rows.Count; i++)
        {
            Line(text, _rows[i], widths);
            if (i == 0) _ = text.Append('|').AppendJoin('|', widths.Select(static (w, column) => column == 0 ? new string('-', w + 2) : new string('-', w + 1) + ":")).AppendLine("|");
        }
        return text.ToString();
    }

    private static void Line(StringBuilder text, string[] cells, int[] widths)
    {
        text.Append('|');
        for (var column = 0; column < cells.Length; column++)
            text.Append(' ').Append(column == 0 ? cells[column].PadRight(widths[column]) : cells[column].PadLeft(widths[column])).Append(" |");
        text.AppendLine();
    }
}
