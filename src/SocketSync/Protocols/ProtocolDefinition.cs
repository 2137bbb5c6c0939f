using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace SocketSync;

/// <summary>
/// All that the rest of the program knows of a language. Each language defines itself in its own file;
/// <see cref="ProtocolCatalog"/> lists them.
/// </summary>
/// <param name="Name">The name in the configuration, as the documentation writes it.</param>
/// <param name="Errors">How a client is told of an error.</param>
internal sealed record ProtocolDefinition(string Name, ErrorReply Errors)
{
    /// <summary>The settings that this language has, by the names of their properties in <see cref="ProtocolOptions"/>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Makes the protocol of a client. One instance serves every connection.</summary>
    public required Func<ProtocolOptions, IProtocol> Create { get; init; }

    /// <summary>Makes the protocol of a link whose clients speak this language.</summary>
    public required Func<LinkProtocolSetup, ILinkProtocol> CreateLink { get; init; }

    /// <summary>What is wrong with the settings. Each of them is right by itself.</summary>
    public Func<ProtocolOptions, IEnumerable<ProtocolProblem>> Check { get; init; } = static _ => [];

    /// <summary>
    /// What the settings say of the framing, defaults filled in. Where it is equal on both sides, requests and replies can pass
    /// as they are.
    /// </summary>
    public Func<ProtocolOptions, object?> Framing { get; init; } = static _ => null;

    /// <summary>The least number of bytes in a reply. A limit below it would let no reply through.</summary>
    public Func<ProtocolOptions, int> SmallestReply { get; init; } = static _ => 1;

    /// <summary>
    /// What makes a request of a payload of so many bytes, with the default settings: the bytes before it and behind it. The
    /// load client and the benchmarks build their requests from it.
    /// </summary>
    public Func<int, (byte[] Before, byte[] Behind)> Envelope { get; init; } = static _ => ([], []);

    /// <summary>How this language frames Modbus; <see langword="null"/> if it is not Modbus.</summary>
    public ModbusFraming? Modbus { get; init; }

    /// <summary>How the text of a request is divided into commands; <see langword="null"/> if requests are not text.</summary>
    public Func<ProtocolOptions, CommandLanguage>? Commands { get; init; }

    /// <summary>Whether the device tells frames apart by the silence between them, so that a pause must come before each request.</summary>
    public bool FramesEndBySilence { get; init; }

    /// <summary>Whether a request names a unit behind the link.</summary>
    public bool HasUnits => Modbus is not null;

    /// <summary>
    /// Whether a client that ends its stream while it waits has given up. A Modbus client has, and would report a failure of
    /// what was carried out all the same.
    /// </summary>
    public bool EndOfStreamMeansLeaving => Modbus is not null;

    /// <summary>Whether devices on a serial line speak it.</summary>
    public bool IsSpokenOnSerialLines => Modbus is not { IsOfSerialLine: false };

    /// <summary>Whether requests of clients of this language can be translated for a device of the other, and its replies back.</summary>
    public bool IsTranslatedTo(ProtocolDefinition device) => Modbus is not null && device.Modbus is not null;
}

/// <summary>How a language tells a client of an error.</summary>
internal enum ErrorReply
{
    /// <summary>It has no words for it: only closing tells.</summary>
    Closing,

    /// <summary>By a line of text.</summary>
    Line,

    /// <summary>By a Modbus exception.</summary>
    ModbusException,
}

/// <summary>What the protocol of a link is made of.</summary>
/// <param name="Clients">The clients' protocol.</param>
/// <param name="Device">The device's language.</param>
/// <param name="MaxReplyBytes">The largest reply in bytes, as the device sends it.</param>
/// <param name="Units">Modbus: the device's unit for a client's, where they differ.</param>
/// <param name="Transactions">Modbus: the transaction ids of the link, shared by the protocols of all its listeners.</param>
internal sealed record LinkProtocolSetup(
    ProtocolOptions Clients, ProtocolDefinition Device, int MaxReplyBytes, IReadOnlyDictionary<int, int> Units, ModbusTransactions Transactions);

/// <summary>A setting that does not go together with the others.</summary>
/// <param name="Setting">The name of its property in <see cref="ProtocolOptions"/>.</param>
/// <param name="Value">Its value; <see langword="null"/> if it was not given.</param>
/// <param name="Allowed">What is allowed.</param>
internal sealed record ProtocolProblem(string Setting, string? Value, string Allowed)
{
    public ProtocolProblem(string setting, int value, string allowed) : this(setting, value.ToString(CultureInfo.InvariantCulture), allowed)
    {
    }

    /// <summary>A request may be no larger than <see cref="ProtocolOptions.MaxRequestBytes"/>, so that must have room for the least.</summary>
    public static IEnumerable<ProtocolProblem> OfTooSmall(ProtocolOptions options, int least, string what) =>
        options.MaxRequestBytes >= least
            ? []
            : [new(nameof(options.MaxRequestBytes), options.MaxRequestBytes, string.Create(CultureInfo.InvariantCulture, $"must be at least {least}, to hold {what}"))];
}

/// <summary>
/// What the configuration says of a protocol. A setting that is <see langword="null"/> was not given. The settings that one
/// language alone has stand in that language's file.
/// </summary>
public sealed partial record ProtocolOptions
{
    internal const int DefaultMaxRequestBytes = 65536;

    internal const int LargestRequestBytes = 1 << 30;

    /// <summary>The protocol: Raw, Line, FixedLength, LengthPrefixed, ModbusTcp, ModbusRtu, ModbusAscii or Scpi.</summary>
    public string Name { get; init; } = "Raw";

    /// <summary>The host's own language of that name; <see langword="null"/> for a built-in one.</summary>
    internal ProtocolDefinition? Own { get; init; }

    /// <summary>The language; <see langword="null"/> if there is none of that name.</summary>
    internal ProtocolDefinition? Definition => Own ?? ProtocolCatalog.Find(Name);

    /// <summary>The largest request in bytes, its delimiter or length header included.</summary>
    [Range(1, LargestRequestBytes)]
    public int MaxRequestBytes { get; init; } = DefaultMaxRequestBytes;
}
