using System.Diagnostics;
using System.Globalization;

namespace SocketSync.Tests;

/// <summary>
/// Random and mutated bytes of a device against every protocol, for SOCKETSYNC_FUZZ_SECONDS (5 when not set): whatever it
/// sends, only what answers the request is taken for its reply. SOCKETSYNC_FUZZ_SEED replays a case.
/// </summary>
public class LinkProtocolFuzzTests
{
    /// <summary>All that the catalogue brings together.</summary>
    public static IReadOnlyList<(string Clients, string Device)> Pairs { get; } =
    [
        .. from clients in ProtocolCatalog.All
           from device in ProtocolCatalog.All
           where clients == device || clients.IsTranslatedTo(device)
           select (clients.Name, device.Name),
    ];

    [Fact]
    public void NothingThatADeviceSendsIsTakenForAReplyUnlessItIsOne()
    {
        var duration = TimeSpan.FromSeconds(Number("SOCKETSYNC_FUZZ_SECONDS") ?? 5);
        var seed = Number("SOCKETSYNC_FUZZ_SEED") ?? Random.Shared.Next();
        var ends = new Dictionary<string, int>(StringComparer.Ordinal);

        var clock = Stopwatch.StartNew();
        var cases = 0;
        for (; cases == 0 || clock.Elapsed < duration; cases++, seed = unchecked(seed + 1))
        {
            string end;
            try
            {
                end = RunOnce(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Fuzz case failed; replay it with SOCKETSYNC_FUZZ_SEED={seed}: {e.Message}", e);
            }

            ends[end] = ends.GetValueOrDefault(end) + 1;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{cases} cases: {string.Join(", ", ends.Select(e => $"{e.Value} {e.Key}"))}");
        if (cases < 10_000) return;
        foreach (var kind in new[] { "ModbusTcp Complete", "ModbusTcp Lost", "ModbusTcp Incomplete", "ModbusRtu Complete", "ModbusRtu Incomplete", "ModbusRtu Lost", "ModbusAscii Complete", "ModbusAscii Incomplete", "ModbusAscii Lost", "Scpi Lost" })
            Assert.True(ends.ContainsKey(kind), $"Of {cases} cases none came to {kind}: the fuzz loop does not try what it should.");
    }

    private static string RunOnce(Random random)
    {
        var (clients, device) = Pairs[random.Next(Pairs.Count)];
        var max = random.Next(4) == 0 ? random.Next(4, random.Next(2) == 0 ? 16 : 300) : 1048576;
        var options = new ProtocolOptions { Name = clients, Length = clients == "FixedLength" ? 4 : null };
        var units = random.Next(2) == 0 ? new Dictionary<int, int>() : new Dictionary<int, int> { [1] = 2, [3] = 0 };
        var pdu = ProtocolCases.ModbusRequest(random, 253);
        if (random.Next(4) == 0) pdu = [(byte)random.Next(256), .. ProtocolCases.Bytes(random, random.Next(6))];
        var unit = random.Next(4);
        var request = FramingOf(clients) is { } framing ? PlainModbus.Frame(framing, random.Next(3), unit, pdu) : "abc\n"u8.ToArray();
        var protocol = ProtocolCatalog.CreateLink(options, new() { Name = device, Length = options.Length }, max, units);
        var feed = new LinkFeed(protocol, request, max);
        var sent = Sent(random, device, feed.Written, pdu);

        var cuts = ProtocolCases.Cuts(random, sent.Length);
        var reply = feed.Run(sent, ProtocolCases.Cuts(random, sent.Length), cuts, pauses: random.Next(2) == 0);
        if (reply.End == ReplyStatus.Complete)
        {
            var bytes = Convert.FromHexString(reply.Bytes);
            AssertAnswers(device, feed.Written, bytes);
            var client = feed.Translate(bytes);
            if (FramingOf(clients) is { } ofClients)
            {
                var (transaction, unitAsked, _) = PlainModbus.Parse(ofClients, request);
                Assert.Equal(PlainModbus.Frame(ofClients, transaction, unitAsked, PlainModbus.Parse(FramingOf(device)!, bytes).Pdu), client);
            }
        }

        return $"{device} {reply.End}";
    }

    // Frames that answer, that answer something else, and noise; then damage.
    private static byte[] Sent(Random random, string device, byte[] written, byte[] pdu)
    {
        var sent = new List<byte>();
        for (var frames = random.Next(4); frames > 0; frames--)
        {
            var (_, other) = ModbusFrames.Examples[random.Next(ModbusFrames.Examples.Length)];
            var answer = random.Next(3) switch
            {
                0 => PlainModbus.Hex(ModbusFrames.Examples.Where(e => PlainModbus.Hex(e.Request)[0] == pdu[0]).Select(e => e.Reply).FirstOrDefault("2B0D")),
                1 => [(byte)(pdu[0] | 0x80), 2],
                _ => PlainModbus.Hex(other),
            };
            sent.AddRange(FramingOf(device) is { } framing
                ? PlainModbus.Frame(framing, random.Next(3), random.Next(3) == 0 ? 5 : PlainModbus.Parse(framing, written).Unit, answer)
                : [.. ProtocolCases.Bytes(random, random.Next(10)), .. "#13a\nb\n"u8]);
        }

        for (var mutations = random.Next(3); mutations > 0; mutations--)
        {
            var at = random.Next(sent.Count + 1);
            switch (random.Next(5))
            {
                case 0 when at < sent.Count: sent[at] ^= (byte)(1 << random.Next(8)); break;
                case 1 when at < sent.Count: sent.RemoveRange(at, random.Next(1, Math.Min(4, sent.Count - at) + 1)); break;
                case 2: sent.InsertRange(at, ProtocolCases.Bytes(random, random.Next(1, 20))); break;
                case 3: sent.InsertRange(at, [0xFF, 0xFF]); break;
                default: sent.InsertRange(at, ProtocolCases.Bytes(random, random.Next(200, 600))); break;
            }
        }

        return [.. sent];
    }

    private static void AssertAnswers(string device, byte[] written, byte[] reply)
    {
        switch (device)
        {
            case "ModbusTcp":
                Assert.Equal((FrameStatus.Complete, reply.Length), PlainModbus.TcpRequest(1048576, reply));
                Assert.Equal(written[..2], reply[..2]);
                Assert.Equal(written[6], reply[6]);
                Assert.True(reply[7] == written[7] || reply[7] == (written[7] | 0x80));
                break;
            case "ModbusRtu":
                Assert.True(PlainModbus.IsIntact(reply) && reply.Length <= 256);
                Assert.Equal(written[0], reply[0]);
                Assert.True(reply[1] == written[1] || reply[1] == (written[1] | 0x80));
                break;
            case "ModbusAscii":
                Assert.True(PlainModbus.IsIntactAscii(reply));
                Assert.Equal(PlainModbus.Parse("Ascii", written).Unit, PlainModbus.Parse("Ascii", reply).Unit);
                Assert.Equal(PlainModbus.Parse("Ascii", written).Pdu[0] & 0x7F, PlainModbus.Parse("Ascii", reply).Pdu[0] & 0x7F);
                break;
            case "Line":
            case "Scpi":
                Assert.Equal((byte)'\n', reply[^1]);
                break;
            case "LengthPrefixed":
                Assert.Equal(reply.Length - 2, (reply[0] << 8) | reply[1]);
                break;
            case "FixedLength":
                Assert.Equal(4, reply.Length);
                break;
            case "Raw":
                break; // whatever it sends
            default:
                Assert.Fail($"{device} has no cases.");
                break;
        }
    }

    /// <summary>The framing of Modbus that a protocol is; else <see langword="null"/>.</summary>
    private static string? FramingOf(string name) => name.StartsWith("Modbus", StringComparison.Ordinal) ? name["Modbus".Length..] : null;

    private static int? Number(string variable)
    {
        var text = Environment.GetEnvironmentVariable(variable);
        return string.IsNullOrEmpty(text) ? null : int.Parse(text, CultureInfo.InvariantCulture);
    }
}
