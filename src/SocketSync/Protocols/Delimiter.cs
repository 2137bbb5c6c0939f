using System.Buffers;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;

namespace SocketSync;

/// <summary>What ends a line, as the configuration writes it.</summary>
internal static class Delimiter
{
    private const string Default = "\n";

    /// <summary>What ends a line as these options have it.</summary>
    /// <exception cref="ArgumentException">It cannot be read.</exception>
    public static byte[] Of(ProtocolOptions options)
    {
        var text = options.Delimiter ?? Default;
        return TryParse(text, out var bytes) ? bytes : throw new ArgumentException($"Delimiter '{text}' cannot be read.", nameof(options));
    }

    /// <summary>
    /// Reads the escapes <c>\r \n \t \0 \xNN \\</c>; any other character stands for its UTF-8 bytes, so that in JSON both a
    /// newline (<c>"\n"</c>) and a backslash with an n (<c>"\\n"</c>) mean a newline.
    /// </summary>
    /// <returns><see langword="false"/>: the text is empty, holds an unknown escape, or is no valid UTF-16.</returns>
    public static bool TryParse(string text, out byte[] bytes)
    {
        bytes = [];
        var parsed = new List<byte>(text.Length);
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            var read = rest[0] == '\\' ? ReadEscape(rest, parsed) : ReadCharacter(rest, parsed);
            if (read == 0) return false;
            rest = rest[read..];
        }

        bytes = [.. parsed];
        return bytes.Length > 0;
    }

    private static int ReadEscape(ReadOnlySpan<char> text, List<byte> parsed)
    {
        if (text.Length < 2) return 0;
        if (text[1] == 'x') return ReadHex(text, parsed);

        byte? value = text[1] switch
        {
            'r' => (byte)'\r',
            'n' => (byte)'\n',
            't' => (byte)'\t',
            '0' => 0,
            '\\' => (byte)'\\',
            _ => null,
        };
        if (value is null) return 0;
        parsed.Add(value.Value);
        return 2;
    }

    private static int ReadHex(ReadOnlySpan<char> text, List<byte> parsed)
    {
        if (text.Length < 4) return 0;
        if (!byte.TryParse(text[2..4], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return 0;
        parsed.Add(value);
        return 4;
    }

    private static int ReadCharacter(ReadOnlySpan<char> text, List<byte> parsed)
    {
        if (Rune.DecodeFromUtf16(text, out var character, out var read) != OperationStatus.Done) return 0;
        Span<byte> utf8 = stackalloc byte[4];
        parsed.AddRange(utf8[..character.EncodeToUtf8(utf8)]);
        return read;
    }
}

/// <summary>Bytes written as text with escapes.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EscapedAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is string text && Delimiter.TryParse(text, out _);

    public override string FormatErrorMessage(string name) =>
        @"must be one character or more; a backslash begins one of the escapes \r \n \t \0 \xNN \\";
}
