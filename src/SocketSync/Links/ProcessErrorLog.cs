using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>What a child writes to its stderr, line by line, into the log: each of bounded length, and not too many.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has no wait handle, and its timer ends by itself.")]
internal sealed partial class ProcessErrorLog(string description, ILogger logger, TimeProvider time)
{
    public const int LongestLine = 1024;

    /// <summary>So many lines at once, and this many more each second.</summary>
    public const int Burst = 100;
    public const int LinesPerSecond = 10;

    /// <summary>
    /// Once the child has ended: who still holds its stderr is heard for as long as there is no such pause, and no longer than
    /// for what a pipe may hold.
    /// </summary>
    private static readonly TimeSpan LastPause = TimeSpan.FromMilliseconds(250);
    private const int LastBytes = 1 << 20;

    private readonly byte[] _line = new byte[LongestLine];
    private readonly CancellationTokenSource _ending = new();
    private long _lastRefill = time.GetTimestamp();
    private double _allowed = Burst;
    private int _length;
    private bool _isCut;
    private int _leftOut;
    private volatile bool _isEnding;

    /// <summary>Reads the stream to its end, on the pool's threads, and closes it.</summary>
    public void Follow(Stream stderr) => _ = Task.Run(() => FollowAsync(stderr));

    /// <summary>The child has ended: nothing but its last words is waited for.</summary>
    public void End()
    {
        if (_isEnding) return;
        _isEnding = true;
        _ending.CancelAfter(LastPause);
    }

    private async Task FollowAsync(Stream stderr)
    {
        var buffer = new byte[4096];
        var left = LastBytes;
        try
        {
            await using var closing = stderr;
            while (left > 0 && await stderr.ReadAsync(buffer, _ending.Token) is > 0 and var count)
            {
                await Task.Yield(); // to the pool, from the thread that moves bytes
                Take(buffer.AsSpan(0, count));
                if (!_isEnding) continue;
                left -= count;
                _ending.CancelAfter(LastPause);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
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
