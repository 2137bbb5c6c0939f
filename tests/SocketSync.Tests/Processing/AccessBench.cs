using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;

namespace SocketSync.Tests;

/// <summary>Rules as the file has them, and what becomes of a request.</summary>
internal static class AccessBench
{
    /// <param name="rules">The list, as JSON.</param>
    /// <param name="units">The link's, where the device's units differ.</param>
    public static AccessList Rules(string rules, Dictionary<string, int>? units = null)
    {
        var section = ConfigurationText.Json($$"""{ "Access": {{rules}} }""");
        var options = section.GetSection("Access").Get<List<AccessOptions>>()!;
        return AccessList.Of("R", new ResourceOptions { Access = options, Link = units is null ? null : new() { Units = units } })!;
    }

    public static ClientAccess Client(string protocol, string listener = "L", string? address = null, string? delimiter = null) => new(
        new Client("1", address is null ? null : new IPEndPoint(IPAddress.Parse(address), 1), listener, certificate: null),
        new ProtocolOptions { Name = protocol, Delimiter = delimiter });

    /// <summary>The frame of a client that speaks so; the PDU in hexadecimal.</summary>
    public static ReadOnlySequence<byte> Frame(string protocol, byte unit, string pdu)
    {
        var frame = new ArrayBufferWriter<byte>();
        ProtocolCatalog.Find(protocol)!.Modbus!.Write(transaction: 7, unit, Convert.FromHexString(pdu.Replace(" ", "", StringComparison.Ordinal)), frame);
        return new(frame.WrittenMemory);
    }

    public static Outcome? Modbus(string rules, string pdu, byte unit = 1, string protocol = "ModbusTcp", Dictionary<string, int>? units = null) =>
        Client(protocol).RefusalOf(Rules(rules, units), Frame(protocol, unit, pdu));

    public static Outcome? Line(string rules, string line, string protocol = "Line", string? delimiter = null) =>
        Client(protocol, delimiter: delimiter).RefusalOf(Rules(rules), new(Encoding.Latin1.GetBytes(line)));
}
