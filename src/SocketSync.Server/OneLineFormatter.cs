using System.Globalization;
using System.Text;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;

namespace SocketSync;

/// <summary>
/// One readable line for each event, whatever is in it. What a client sends may find its way into a message or an
/// exception: a line feed there must not begin a line that looks like the server's own, nor an escape steer the terminal.
/// </summary>
internal sealed class OneLineFormatter(IFormatProvider culture) : ITextFormatter
{
    private readonly MessageTemplateTextFormatter _line = new("{Timestamp:yyyy-MM-dd HH:mm:ss.fff zzz} [{Level:u3}] {Message:lj}", culture);

    public void Format(LogEvent logEvent, TextWriter output)
    {
        using var line = new StringWriter(culture);
        _line.Format(logEvent, line);
        output.WriteLine(Escaped(line.ToString()));
        if (logEvent.Exception is null) return;

        // Indented, so that no line of a stack trace begins as an event does.
        foreach (var traceLine in logEvent.Exception.ToString().Split('\n'))
            output.WriteLine("    " + Escaped(traceLine.TrimEnd('\r')));
    }

    private static string Escaped(string text)
    {
        if (!text.Any(IsUnsafe)) return text;
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => escaped.Append(@"\n"),
                '\r' => escaped.Append(@"\r"),
                '\t' => escaped.Append(@"\t"),
                _ when IsUnsafe(c) => escaped.Append(CultureInfo.InvariantCulture, $@"\u{(int)c:X4}"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    private static bool IsUnsafe(char c) => char.GetUnicodeCategory(c) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
