using System.Text;

namespace SocketSync.Benchmarks;

/// <summary>A table that reads as well on a terminal as it does in Markdown.</summary>
internal sealed class MarkdownTable(params string[] headings)
{
    private readonly List<string[]> _rows = [headings];

    public void Add(params string[] cells) => _rows.Add(cells);

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
