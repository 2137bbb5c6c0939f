namespace SocketSync;

/// <summary>The protocols by their names in the configuration.</summary>
internal static class ProtocolFactory
{
    public const string DefaultDelimiter = "\n";
    public const int DefaultLengthBytes = 2;

    private static readonly OrderedDictionary<string, Kind> Kinds = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Raw"] = new([], o => new RawProtocol(o.MaxRequestBytes)),
        ["Line"] = new(
            [nameof(ProtocolOptions.Delimiter)],
            o => new LineProtocol(ParseDelimiter(o.Delimiter ?? DefaultDelimiter), o.MaxRequestBytes)),
        ["LengthPrefixed"] = new(
            [nameof(ProtocolOptions.LengthBytes), nameof(ProtocolOptions.LittleEndian), nameof(ProtocolOptions.LengthIncludesHeader)],
            o => new LengthPrefixedProtocol(
                o.LengthBytes ?? DefaultLengthBytes, o.LittleEndian ?? false, o.LengthIncludesHeader ?? false, o.MaxRequestBytes)),
        ["FixedLength"] = new(
            [nameof(ProtocolOptions.Length)],
            o => new FixedLengthProtocol(
                o.Length ?? throw new ArgumentException("FixedLength needs a Length.", nameof(o)), o.MaxRequestBytes)),
    };

    /// <summary>Every name that <see cref="Create"/> knows, in the order in which the documentation lists them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Kinds.Keys];

    /// <summary>The settings that this protocol alone has; <see langword="null"/> where there is no such protocol.</summary>
    public static IReadOnlyList<string>? SettingsOf(string name) => Kinds.GetValueOrDefault(name)?.Settings;

    /// <summary>Makes the protocol that <paramref name="options"/> describe; one instance serves every connection.</summary>
    /// <exception cref="ArgumentException">The options do not hold together; validated ones do.</exception>
    public static IProtocol Create(ProtocolOptions options) =>
        Kinds.TryGetValue(options.Name, out var kind)
            ? kind.Make(options)
            : throw new ArgumentException($"Protocol '{options.Name}' is not one of {string.Join(", ", Names)}.", nameof(options));

    private static byte[] ParseDelimiter(string text) =>
        Delimiter.TryParse(text, out var bytes) ? bytes : throw new ArgumentException($"Delimiter '{text}' cannot be read.", nameof(text));

    private sealed record Kind(IReadOnlyList<string> Settings, Func<ProtocolOptions, IProtocol> Make);
}
