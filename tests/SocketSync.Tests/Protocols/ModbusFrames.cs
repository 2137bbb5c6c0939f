namespace SocketSync.Tests;

/// <summary>
/// The examples of "MODBUS Application Protocol Specification V1.1b3", sections 6.1 to 6.21: what is asked and what is
/// answered, function code first, and an exception (7).
/// </summary>
internal static class ModbusFrames
{
    public static readonly (string Request, string Reply)[] Examples =
    [
        ("01 0013 0013", "01 03 CD6B05"),
        ("02 00C4 0016", "02 03 ACDB35"),
        ("03 006B 0003", "03 06 022B 0000 0064"),
        ("04 0008 0001", "04 02 000A"),
        ("05 00AC FF00", "05 00AC FF00"),
        ("06 0001 0003", "06 0001 0003"),
        ("07", "07 6D"),
        ("08 0002 0000", "08 0002 0123"),
        ("0B", "0B FFFF 0108"),
        ("0C", "0C 08 0000 0108 0121 20 00"),
        ("0F 0013 000A 02 CD01", "0F 0013 000A"),
        ("10 0001 0002 04 000A 0102", "10 0001 0002"),
        ("11", "11 03 42 FF 01"),
        ("14 0E 06 0004 0001 0002 06 0003 0009 0002", "14 0C 05 06 0DFE 0020 05 06 33CD 0040"),
        ("15 0D 06 0004 0007 0003 06AF 04BE 100D", "15 0D 06 0004 0007 0003 06AF 04BE 100D"),
        ("16 0004 00F2 0025", "16 0004 00F2 0025"),
        ("17 0003 0006 000E 0003 06 00FF 00FF 00FF", "17 0C 00FE 0ACD 0001 0003 000D 00FF"),
        ("18 04DE", "18 0006 0002 01B8 1284"),
        ("2B 0E 01 00", "2B 0E 01 01 00 00 03 00 16 436F6D70616E79206964656E74696669636174696F6E 01 0D 50726F6475637420636F646520 02 05 56322E3131"),
        ("01 04A1 0001", "81 02"),
    ];

    /// <summary>Of these, nothing but the frame around them tells the length.</summary>
    public static readonly (string Request, string Reply)[] WithoutLength =
    [
        ("08 0000 A537", "08 0000 A537"),
        ("08 0000 A537 0102 03", "08 0000 A537 0102 03"),
        ("2B 0D 0102", "2B 0D 01"),
        ("41 01 02 03", "41 09"),
        ("64", "64 00 01 02 03 04 05"),
    ];

    public static TheoryData<string, string> AsData(params IEnumerable<(string Request, string Reply)> examples) => [.. examples];
}
