using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Logs what a child writes to its stderr, line by line. Long lines are cut, and not too many are logged.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no wait handle, and its timer ends by itself.")]
internal sealed partial class ProcessErrorLog(string description, ILogger logger, TimeProvider time)
{
    public const int MaxLineBytes = 1024;

    /// <summary>How many lines may come at once, and how many more each second.</summary>
    public const int Burst = 100;
    public const int LinesPerSecond = 10;

    /// <summary>
    /// After the child has ended, a descendant may still hold its stderr. It is read until such a pause, and no further than a
    /// pipe can hold.
    /// </summary>
    private static readonly TimeSpan FinalPause = TimeSpan.FromMilliseconds(250);
    private const int MaxFinalBytes = 1 << 20;

    private readonly byte[] _line = new byte[MaxLineBytes];
    private readonly CancellationTokenSource _ending = new();
    private long _lastRefill = time.GetTimestamp();
    private double _allowed = Burst;
    private int _length;
    private bool _isCut;
    private int _leftOut;
    private volatile bool _isEnding;

    /// <summary>Reads the stream to its end, on the pool's threads, and closes it.</summary>
    public void Follow(Stream stderr) => Task.Run(() => FollowAsync(stderr)).Observe();

    /// <summary>The child has ended: only what it has written by now is waited for.</summary>
    public void End()
    {
        if (_isEnding) return;
        _isEnding = true;
        _ending.CancelAfter(FinalPause);
    }

    private async Task FollowAsync(Stream stderr)
    {
        var buffer = new byte[4096];
        var left = MaxFinalBytes;
        try
        {
            await using var closing = stderr;
            while (left > 0 && await stderr.ReadAsync(buffer, _ending.Token) is > 0 and var count)
            {
                await Dispatcher.HopToPool(); // logging must not keep the I/O thread
                Take(buffer.AsSpan(0, count));
                if (!_isEnding) continue;
                left -= count;
                _ending.CancelAfter(FinalPause);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The link is closed.
        }

        if (_length > 0) EndLine();
        LogLeftOutLines();
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
            LogLeftOutLines();
            LogLine(logger, description, Harmless(Encoding.UTF8.GetString(_line, 0, _length).TrimEnd('\r'), _isCut));
        }
        else
        {
            _leftOut++;
        }

        _length = 0;
        _isCut = false;
    }

    private void LogLeftOutLines()
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

    // Escapes whatever a terminal or a reader of the log would take for more than text.
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
