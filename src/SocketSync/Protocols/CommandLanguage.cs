using System.Buffers;
using System.Text;

namespace SocketSync;

/// <summary>How a request of text is divided into commands, and when a command is the one that a pattern names.</summary>
/// <param name="delimiter">What ends a request.</param>
/// <param name="isScpi">Whether a request holds several commands, and case does not matter.</param>
internal sealed class CommandLanguage(byte[] delimiter, bool isScpi)
{
    /// <summary>
    /// Whether a CR or LF inside a request may end a line for the device: so it is with programs that take either for a line's end,
    /// and with SCPI, where LF always ends a message (IEEE 488.2, 7.5).
    /// </summary>
    private readonly bool _endsByLineBreak = isScpi || delimiter.AsSpan().ContainsAny((byte)'\r', (byte)'\n');

    public bool IsScpi => isScpi;

    /// <summary>Reads the commands of a request.</summary>
    /// <param name="request">The request, with its delimiter.</param>
    /// <param name="path">For SCPI, room for the path of a command: <see cref="CommandReader.LongestPath"/> bytes.</param>
    public CommandReader Read(ReadOnlySpan<byte> request, Span<byte> path)
    {
        var line = request.EndsWith(delimiter) ? request[..^delimiter.Length] : request;
        if (_endsByLineBreak) line = line.Trim("\r\n"u8);
        return new(line, isScpi, mayBreak: !_endsByLineBreak, path);
    }
}

/// <summary>
/// The commands of one request. SCPI-99 volume 1, 6.2.4: commands are separated by semicolons, and one that does not begin with a
/// colon or an asterisk continues at the path of the one before it: <c>:A:B;C</c> means A:B and A:C.
/// </summary>
internal ref struct CommandReader(ReadOnlySpan<byte> line, bool isScpi, bool mayBreak, Span<byte> path)
{
    public const int LongestPath = 256;

    /// <summary>So many commands are told apart; a longer line costs those who wait too much.</summary>
    private const int MostCommands = 256;

    // White space, IEEE 488.2, 7.4.1.2: all control characters and the space. LF among them ends the message.
    private static readonly SearchValues<byte> Blanks = SearchValues.Create([.. Enumerable.Range(0, 33).Select(code => (byte)code)]);

    private static readonly SearchValues<byte> BeforeHeader = SearchValues.Create([.. Enumerable.Range(0, 33).Select(code => (byte)code), (byte)':']);

    private static readonly SearchValues<byte> Marks = SearchValues.Create(";\"'#\r\n"u8);

    private const int Untold = -1;

    private readonly Span<byte> _buffer = path;
    private ReadOnlySpan<byte> _rest = line;
    private int _pathLength;
    private int _count;
    private bool _isAtEnd;

    /// <summary>The command, without the white space and the colon before it.</summary>
    public ReadOnlySpan<byte> Command { get; private set; }

    /// <summary>
    /// What stands before the command in an instrument that keeps the path; empty if nothing does. Not every instrument keeps it, so
    /// that the command alone has a meaning too.
    /// </summary>
    public ReadOnlySpan<byte> Path { get; private set; }

    /// <summary>
    /// Whether all commands can be told: no string or block is left open, no line break lies inside, and there are not too many.
    /// </summary>
    public bool IsTold { get; private set; } = true;

    /// <summary>Goes to the next command; the first time there always is one, which may be empty.</summary>
    public bool MoveNext()
    {
        while (IsTold && !_isAtEnd)
        {
            var command = isScpi ? TakeScpi() : TakeLine();
            if (!IsTold) return true;
            if (command.IsEmpty && !(_isAtEnd && _count == 0)) continue;
            IsTold = ++_count <= MostCommands;
            Command = command;
            return true;
        }

        return false;
    }

    private ReadOnlySpan<byte> TakeLine()
    {
        _isAtEnd = true;
        IsTold = mayBreak || !_rest.ContainsAny((byte)'\r', (byte)'\n');
        return _rest;
    }

    private ReadOnlySpan<byte> TakeScpi()
    {
        var end = FindEnd(_rest);
        if (!IsTold) return default;
        _isAtEnd = end == _rest.Length;
        var text = _rest[..end];
        _rest = _isAtEnd ? default : _rest[(end + 1)..];

        var start = text.IndexOfAnyExcept(BeforeHeader);
        if (start < 0) return default;
        var command = text[start..(text.LastIndexOfAnyExcept(Blanks) + 1)];
        if (text[..start].Contains((byte)':'))
        {
            _pathLength = 0;
        }
        else if (command[0] == '*')
        {
            Path = default; // a common command leaves the path as it is
            return command;
        }

        Path = _buffer[.._pathLength];
        Extend(command);
        return command;
    }

    private void Extend(ReadOnlySpan<byte> command)
    {
        var blank = command.IndexOfAny(Blanks);
        var header = blank < 0 ? command : command[..blank];
        var node = header.LastIndexOf((byte)':') + 1;
        IsTold = _pathLength + node <= _buffer.Length;
        if (!IsTold) return;
        header[..node].CopyTo(_buffer[_pathLength..]);
        _pathLength += node;
    }

    /// <summary>Where the command ends: at a semicolon that is in no string and no block, or at the end.</summary>
    private int FindEnd(ReadOnlySpan<byte> text)
    {
        var at = 0;
        while (text[at..].IndexOfAny(Marks) is >= 0 and var next)
        {
            at += next;
            var length = text[at] switch
            {
                (byte)';' => 0,
                (byte)'"' or (byte)'\'' => StringLength(text[at..]),
                (byte)'#' => BlockLength(text[at..]),
                _ => Untold,
            };
            if (length == 0) return at;
            IsTold = length != Untold;
            if (!IsTold) return at;
            at += length;
        }

        return text.Length;
    }

    // A doubled quote ends the string and at once begins it anew.
    private static int StringLength(ReadOnlySpan<byte> text) =>
        text[1..].IndexOf(text[0]) is >= 0 and var length ? length + 2 : Untold;

    /// <summary>As <see cref="ScpiMessage.ReadBlockLength"/>, of a whole message: what it would need more bytes for is left open.</summary>
    private static int BlockLength(ReadOnlySpan<byte> text)
    {
        if (text.Length < 2) return Untold;
        if (text[1] == '0') return text.Length; // an indefinite block: all the rest of the message
        if (text[1] is < (byte)'1' or > (byte)'9') return 1; // no block, but a number such as #HFF
        var header = 2 + text[1] - '0';
        long length = 0;
        for (var i = 2; i < header; i++)
        {
            if (i == text.Length) return Untold;
            if (!char.IsAsciiDigit((char)text[i])) return 1;
            length = (length * 10) + (text[i] - '0');
        }

        return header + length <= text.Length ? header + (int)length : Untold;
    }
}

/// <summary>A command as a rule names it: the whole of it, or with a <c>*</c> at the end what it begins with.</summary>
internal sealed class CommandPattern
{
    private readonly byte[] _line;
    private readonly byte[] _scpi;
    private readonly bool _isPrefix;

    public CommandPattern(string text)
    {
        _isPrefix = text.EndsWith('*');
        _line = Encoding.UTF8.GetBytes(_isPrefix ? text[..^1] : text);
        var blank = false;
        var scpi = new List<byte>(_line.Length);
        foreach (var next in _line)
        {
            if (scpi.Count == 0 && next is <= (byte)' ' or (byte)':') continue;
            if (!(blank && next <= ' ')) scpi.Add(AsScpi(next));
            blank = next <= ' ';
        }

        if (!_isPrefix && blank && scpi.Count > 0) scpi.RemoveAt(scpi.Count - 1);
        _scpi = [.. scpi];
    }

    public bool IsMatch(bool isScpi, ReadOnlySpan<byte> path, ReadOnlySpan<byte> command)
    {
        if (!isScpi) return _isPrefix ? command.StartsWith(_line) : command.SequenceEqual(_line);
        var matched = 0;
        return Continues(path, ref matched) && Continues(command, ref matched) && (matched == _scpi.Length);
    }

    /// <summary>Whether every command that the other names is named by this one too.</summary>
    public bool Covers(CommandPattern other, bool isScpi)
    {
        var (mine, others) = isScpi ? (_scpi, other._scpi) : (_line, other._line);
        return _isPrefix ? others.AsSpan().StartsWith(mine) : !other._isPrefix && mine.AsSpan().SequenceEqual(others);
    }

    /// <summary>Whether the text goes on as the pattern does, or the pattern is at its end and takes any.</summary>
    private bool Continues(ReadOnlySpan<byte> text, ref int matched)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (matched == _scpi.Length) return _isPrefix;
            if (AsScpi(text[i]) != _scpi[matched++]) return false;
            if (text[i] > ' ') continue;
            while (i + 1 < text.Length && text[i + 1] <= ' ') i++; // white space is white space, however much of it
        }

        return true;
    }

    private static byte AsScpi(byte value) => value switch
    {
        <= (byte)' ' => (byte)' ',
        >= (byte)'a' and <= (byte)'z' => (byte)(value - 'a' + 'A'),
        _ => value,
    };
}
