namespace SocketSync.Benchmarks;

/// <summary>The protocols of <c>load</c>, by name: all of the catalogue, and that of Redis.</summary>
internal static class RequestForms
{
    public const int LeastBytes = 16;
    public const int MostBytes = 65_535;

    private const string Redis = "Resp";

    public static string[] Names { get; } = [.. ProtocolCatalog.Names, Redis];

    /// <param name="bytes">A frame's length, its delimiter or length header included; with RESP the payload's.</param>
    public static RequestForm Create(string name, int bytes)
    {
        if (name == Redis) return new RespForm(bytes);
        var definition = ProtocolCatalog.Find(name) ?? throw new ArgumentOutOfRangeException(nameof(name), name, null);
        if (definition.Modbus is { } framing) return new ModbusForm(framing);

        var (before, behind) = definition.Envelope(0);
        var payload = bytes - before.Length - behind.Length;
        (before, behind) = definition.Envelope(payload);
        return new PayloadForm(before, payload, behind, isText: before.Length == 0);
    }

    /// <summary>The length of a request, where this client has no other; else <see langword="null"/>.</summary>
    public static int? OnlyLength(string? name) =>
        name is not null && ProtocolCatalog.Find(name)?.Modbus is { } framing ? new ModbusForm(framing).RequestLength : null;
}
