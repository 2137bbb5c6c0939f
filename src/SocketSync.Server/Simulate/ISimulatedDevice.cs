using System.Buffers;

namespace SocketSync;

/// <summary>
/// What a simulated device does with a request. It knows neither connections nor time, and is asked by one client at a time; what
/// is written to it lives as long as it does.
/// </summary>
internal interface ISimulatedDevice
{
    /// <summary>Where a request ends.</summary>
    IProtocol Protocol { get; }

    /// <summary>
    /// Whether silence ends a frame, as on a Modbus RTU line: bytes that are no request by then are noise, and the device goes on.
    /// Where it does not, the place in the stream is lost with the first byte that is no request, and the connection is closed.
    /// </summary>
    bool FramesEndBySilence { get; }

    /// <summary>Carries a request out.</summary>
    /// <param name="request">A whole request, as <see cref="Protocol"/> has found it.</param>
    SimulatedReply Answer(in ReadOnlySequence<byte> request);
}

/// <summary>What came of a request.</summary>
/// <param name="Asked">The request, for people; empty if there was none.</param>
/// <param name="Told">The reply, for people.</param>
/// <param name="Bytes">The reply; <see langword="null"/> where none is due.</param>
internal readonly record struct SimulatedReply(string Asked, string Told, byte[]? Bytes)
{
    private const string NoReply = "no reply";

    // As much of a payload as the server itself would log.
    private const int MostOfHex = 64;

    private const int MostOfText = 200;

    /// <summary>There was no request.</summary>
    public static SimulatedReply Nothing { get; } = new("", "", null);

    public static SimulatedReply None(string asked, string why = "") =>
        new(asked, why.Length == 0 ? NoReply : $"{NoReply}, {why}", null);

    /// <summary>Bytes as the log shows them.</summary>
    public static string Hex(ReadOnlySpan<byte> bytes)
    {
        var digits = Convert.ToHexString(bytes[..Math.Min(bytes.Length, MostOfHex)]);
        var pairs = string.Join(' ', Enumerable.Range(0, digits.Length / 2).Select(i => digits.Substring(2 * i, 2)));
        return bytes.Length > MostOfHex ? $"[{pairs} …, {bytes.Length} bytes]" : $"[{pairs}]";
    }

    /// <summary>Text as the log shows it: nothing in it can end the line, or reach the terminal.</summary>
    public static string Quote(string text) =>
        $"'{LogText.Escape(text.Length > MostOfText ? text[..MostOfText] + "…" : text)}'";
}
