using System.Net;
using System.Text;
using CsCheck;

namespace SocketSync.Tests;

/// <summary>Any rules, any request: what becomes of it is what a model says that writes out every address and splits every text.</summary>
public class AccessModelTests
{
    private static readonly Gen<IReadOnlyList<string>> Listeners = Any<IReadOnlyList<string>>([], ["A"], ["b", "C"]);
    private static readonly Gen<IReadOnlyList<string>> Networks = Any<IReadOnlyList<string>>([], [], ["10.0.0.0/8"], ["10.1.0.0/16", "2001:db8::/32"]);
    private static readonly Gen<string?> Units = Any<string?>(null, null, "1-9", "0", "3,7-8", "0-255");
    private static readonly Gen<string?> Registers = Any<string?>(null, null, "100-199", "0-9", "65530-65535", "100-149,150-159,170");
    private static readonly Gen<IReadOnlyList<string>> Functions = Any<IReadOnlyList<string>>([], [], ["Read"], ["Write"], ["16", "6"], ["Read", "23"], ["24", "43"]);
    private static readonly Gen<IReadOnlyList<string>> Commands = Any<IReadOnlyList<string>>([], ["A"], ["A:*"], ["*B?"], ["a:b", "B *"], [":B:A"], ["*"]);

    private static readonly Gen<AccessOptions> ModbusRule = Gen.Select(
        Listeners, Networks, Units, Functions, Registers, Gen.Bool, (listeners, networks, units, functions, registers, allow) => new AccessOptions
        {
            Listeners = listeners, Networks = networks, Units = units, Functions = functions, Registers = registers, Allow = allow,
        });

    private static readonly Gen<AccessOptions> TextRule = Gen.Select(Listeners, Networks, Commands, Gen.Bool, (listeners, networks, commands, allow) => new AccessOptions
    {
        Listeners = listeners, Networks = networks, Commands = commands, Allow = allow,
    });

    private static readonly Gen<Client> Clients = Gen.Select(
        Any("a", "B", "D"), Any("10.1.2.3", "10.2.0.0", "192.0.2.1", "2001:db8::9", ""), (listener, address) =>
            new Client("1", address.Length == 0 ? null : new IPEndPoint(IPAddress.Parse(address), 1), listener, certificate: null));

    private static readonly Gen<ushort> Numbers = Gen.OneOf(Any<ushort>(0, 1, 9, 10, 60, 99, 100, 150, 199, 200, 65530, 65535), Gen.UShort);

    /// <summary>Whole requests of every function with addresses, cut and lengthened ones, and any bytes.</summary>
    private static readonly Gen<byte[]> Pdus = Gen.OneOf(
        Gen.Select(Gen.Byte[1, 24], Numbers, Numbers, Numbers, Numbers, Write),
        Gen.Select(Gen.Byte[1, 24], Numbers, Numbers, Numbers, Numbers, Gen.Int[0, 12], (function, a, b, c, d, length) => Write(function, a, b, c, d).Concat(new byte[12]).Take(length + 1).ToArray()),
        Gen.Byte.Array[1, 12]);

    private static readonly Gen<string> Texts = Any("A", "a", "B", "*B?", ":", ";", " ", "C", "?").Array[0, 12].Select(string.Concat);

    [Theory]
    [InlineData("ModbusTcp")]
    [InlineData("ModbusRtu")]
    [InlineData("ModbusAscii")]
    public void AModbusRequestIsJudgedAsTheModelSays(string protocol) =>
        Gen.Select(ModbusRule.Array[1, 4], Clients, Any<byte>(0, 1, 7, 8, 9, 255), Pdus).Sample(
            (rules, client, unit, pdu) =>
            {
                var request = AccessBench.Frame(protocol, unit, Convert.ToHexString(pdu));
                var judged = Access(client, protocol).RefusalOf(List(rules), request);
                var rule = rules.FirstOrDefault(r => FitsClient(r, client) && FitsModbus(r, unit, pdu));
                return judged == (rule is null or { Allow: true } ? null : rule.Registers is null ? Outcome.Denied : (Outcome?)Outcome.DeniedAddress);
            },
            iter: 20_000);

    [Theory]
    [InlineData("Line")]
    [InlineData("Scpi")]
    public void ATextIsJudgedAsTheModelSays(string protocol) =>
        Gen.Select(TextRule.Array[1, 4], Clients, Texts).Sample(
            (rules, client, text) =>
            {
                var judged = Access(client, protocol).RefusalOf(List(rules), new(Encoding.ASCII.GetBytes(text + "\n")));
                var isDenied = (protocol == "Scpi" ? ScpiCommands(text) : [text]).Any(command =>
                    rules.FirstOrDefault(r => FitsClient(r, client) && FitsCommand(r, command, protocol == "Scpi")) is { Allow: false });
                return judged == (isDenied ? Outcome.Denied : null);
            },
            iter: 20_000);

    private static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static AccessList List(AccessOptions[] rules) => AccessList.Of("R", new ResourceOptions { Access = rules })!;

    private static ClientAccess Access(Client client, string protocol) => new(client, new ProtocolOptions { Name = protocol });

    private static bool FitsClient(AccessOptions rule, Client client) =>
        (rule.Listeners.Count == 0 || rule.Listeners.Any(name => string.Equals(name, client.Listener, StringComparison.OrdinalIgnoreCase)))
        && (rule.Networks.Count == 0 || rule.Networks.Any(network => client.RemoteText is { } text && IPNetwork.Parse(network).Contains(IPEndPoint.Parse(text).Address)));

    private static bool FitsModbus(AccessOptions rule, byte unit, byte[] pdu)
    {
        if (rule is { Units: null, Functions.Count: 0, Registers: null }) return true;
        if (!IsWhole(pdu)) return rule.Allow == false;
        if (rule.Units is { } units && !(Numbered(units).Contains(unit) || (unit == 0 && rule.Allow == false))) return false;
        var isRead = pdu[0] is 1 or 2 or 3 or 4 or 7 or 11 or 12 or 17 or 20 or 24 or 43;
        if (rule.Functions.Count > 0 && !rule.Functions.Any(f => f == (isRead ? "Read" : "Write") || f == $"{pdu[0]}")) return false;
        if (rule.Registers is null) return true;
        if (pdu[0] is 7 or 11 or 12 or 17 or 43) return false;
        var named = Numbered(rule.Registers);
        var addresses = Addresses(pdu);
        if (addresses.Count == 0 || addresses.Max() > 65535) return rule.Allow == false;
        return rule.Allow == true ? addresses.All(named.Contains) : addresses.Any(named.Contains);
    }

    // Empty where the request does not say.
    private static HashSet<int> Addresses(byte[] pdu) => pdu[0] switch
    {
        1 or 2 or 3 or 4 or 15 or 16 => Range(pdu, 1, At(pdu, 3)),
        5 or 6 or 22 => Range(pdu, 1, 1),
        23 when At(pdu, 3) > 0 && At(pdu, 7) > 0 => [.. Range(pdu, 1, At(pdu, 3)), .. Range(pdu, 5, At(pdu, 7))],
        24 => Range(pdu, 1, 32),
        _ => [],
    };

    private static bool IsWhole(byte[] pdu) => pdu[0] switch
    {
        1 or 2 or 3 or 4 or 5 or 6 => pdu.Length == 5,
        7 or 11 or 12 or 17 => pdu.Length == 1,
        8 => pdu.Length == 5,
        15 => pdu.Length > 5 && pdu.Length == 6 + pdu[5] && pdu[5] == Math.Ceiling(At(pdu, 3) / 8.0),
        16 => pdu.Length > 5 && pdu.Length == 6 + pdu[5] && pdu[5] == At(pdu, 3) * 2,
        20 or 21 => pdu.Length > 1 && pdu.Length == 2 + pdu[1],
        22 => pdu.Length == 7,
        23 => pdu.Length > 9 && pdu.Length == 10 + pdu[9] && pdu[9] == At(pdu, 7) * 2,
        24 => pdu.Length == 3,
        43 => pdu.Length == 4 && pdu[1] == 14,
        _ => true,
    };

    private static byte[] Write(byte function, ushort a, ushort b, ushort c, ushort d)
    {
        var (small, few) = ((ushort)(1 + (b % 100)), (ushort)(1 + (d % 100)));
        return function switch
        {
            15 => [15, .. Two(a), .. Two(small), (byte)((small + 7) / 8), .. new byte[(small + 7) / 8]],
            16 => [16, .. Two(a), .. Two(small), (byte)(2 * small), .. new byte[2 * small]],
            22 => [22, .. Two(a), .. Two(b), .. Two(c)],
            23 => [23, .. Two(a), .. Two(b), .. Two(c), .. Two(few), (byte)(2 * few), .. new byte[2 * few]],
            24 => [24, .. Two(a)],
            7 or 11 or 12 or 17 => [function],
            _ => [function, .. Two(a), .. Two(b)],
        };
    }

    private static byte[] Two(ushort number) => [(byte)(number >> 8), (byte)number];

    private static int At(byte[] pdu, int at) => (pdu[at] << 8) + pdu[at + 1];

    private static HashSet<int> Range(byte[] pdu, int at, int count) => [.. Enumerable.Range(At(pdu, at), count)];

    private static HashSet<int> Numbered(string ranges) => [.. ranges.Split(',').Select(range => range.Split('-').Select(int.Parse).ToArray())
        .SelectMany(ends => Enumerable.Range(ends[0], ends[^1] - ends[0] + 1))];

    /// <summary>Each command, as it stands and with the path of the one before.</summary>
    private static List<string> ScpiCommands(string text)
    {
        var (all, path) = (new List<string>(), "");
        foreach (var part in text.Split(';'))
        {
            var command = part.Trim(' ', ':').Length == 0 ? "" : part.TrimStart(' ', ':').TrimEnd();
            if (command.Length == 0) continue;
            var isRooted = part[..part.IndexOf(command[0], StringComparison.Ordinal)].Contains(':', StringComparison.Ordinal);
            if (isRooted) path = "";
            all.Add(command);
            if (command[0] == '*' && !isRooted) continue;
            all.Add(path + command);
            var header = command.Split(' ')[0];
            path += header[..(header.LastIndexOf(':') + 1)];
        }

        return all.Count > 0 ? all : [""];
    }

    private static bool FitsCommand(AccessOptions rule, string command, bool isScpi) => rule.Commands.Count == 0 || rule.Commands.Any(pattern =>
    {
        if (isScpi)
        {
            pattern = pattern.TrimStart(':').ToUpperInvariant();
            command = string.Join(' ', command.ToUpperInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        return pattern.EndsWith('*') ? command.StartsWith(pattern[..^1], StringComparison.Ordinal) : command == pattern;
    });
}
