using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;

namespace SocketSync;

/// <summary>
/// One readable line for each event, whatever is in it: what a client sends may find its way into a message or an exception.
/// </summary>
internal sealed class OneLineFormatter(IFormatProvider culture) : ITextFormatter
{
    private readonly MessageTemplateTextFormatter _line = new("{Timestamp:yyyy-MM-dd HH:mm:ss.fff zzz} [{Level:u3}] {Message:lj}", culture);

    public void Format(LogEvent logEvent, TextWriter output)
    {
        using var line = new StringWriter(culture);
        _line.Format(logEvent, line);
        output.WriteLine(OneLine.Of(line.ToString()));
        if (logEvent.Exception is null) return;

        // Indented, so that no line of a stack trace begins as an event does.
        foreach (var traceLine in logEvent.Exception.ToString().Split('\n'))
            output.WriteLine("    " + OneLine.Of(traceLine.TrimEnd('\r')));
    }
}
