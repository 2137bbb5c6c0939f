using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>What a child writes to its stderr, line by line, into the log: each of bounded length, and not too many.</summary>
internal sealed partial class ProcessErrorLog(string description, ILogger logger, TimeProvider time)
{
    public const int LongestLine = 1024;

    /// <summary>So many lines at once, and this many more each second.</summary>
    public const int Burst = 100;
    public const int LinesPerSecond = 10;

    private readonly byte[] _line = new byte[LongestLine];
    private long _lastRefill = time.GetTimestamp();
    private double _allowed = Burst;
    private int _length;
    private bool _isCut;
    private int _leftOut;

    /// <summary>Reads the stream to its end, on a thread of its own, and closes it.</summary>
    public void Follow(Stream stderr) =>
        new Thread(() => Run(stderr)) { IsBackground = true, Name = description + " stderr" }.Start();

    private void Run(Stream stderr)
    {
        var buffer = new byte[4096];
        try
        {
            using var closing = stderr;
            int count;
            while ((count = stderr.Read(buffer)) > 0) Take(buffer.AsSpan(0, count));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The link is closed.
        }

        if (_length > 0) EndLine();
        TellLeftOut();
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            Append(bytes[..end]);
            EndLine();
            bytes = bytes[(end + 1)..];
        }

        Append(bytes);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        var room = Math.Min(bytes.Length, _line.Length - _length);
        bytes[..room].CopyTo(_line.AsSpan(_length));
        _length += room;
        _isCut |= room < bytes.Length;
    }

    private void EndLine()
    {
        if (IsAllowed())
        {
            TellLeftOut();
            LogLine(logger, description, Harmless(Encoding.UTF8.GetString(_line, 0, _length).TrimEnd('\r'), _isCut));
        }
        else
        {
            _leftOut++;
        }

        _length = 0;
        _isCut = false;
    }

    private void TellLeftOut()
    {
        if (_leftOut > 0) LogLeftOut(logger, description, _leftOut);
        _leftOut = 0;
    }

    private bool IsAllowed()
    {
        var now = time.GetTimestamp();
        _allowed = Math.Min(Burst, _allowed + time.GetElapsedTime(_lastRefill, now).TotalSeconds * LinesPerSecond);
        _lastRefill = now;
        if (_allowed < 1) return false;
        _allowed--;
        return true;
    }

    // Nothing that a terminal or a reader of the log would take for more than text.
    private static string Harmless(string text, bool isCut)
    {
        var line = new StringBuilder(text.Length + 1);
        foreach (var c in text)
        {
            var isText = c == '\t' || CharUnicodeInfo.GetUnicodeCategory(c)
                is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
            _ = isText ? line.Append(c) : line.Append(CultureInfo.InvariantCulture, $@"\u{(int)c:X4}");
        }

        return isCut ? line.Append('…').ToString() : line.ToString();
    }

    [LoggerMessage(520, LogLevel.Information, "{Link}: {Line}")]
    private static partial void LogLine(ILogger logger, string link, string line);

    [LoggerMessage(521, LogLevel.Warning, "{Link}: {Lines} lines of its stderr are left out here: there were too many at once")]
    private static partial void LogLeftOut(ILogger logger, string link, int lines);
}
