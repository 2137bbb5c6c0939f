using System.Buffers;
using System.Diagnostics;
using System.Globalization;

namespace SocketSync.Tests;

/// <summary>
/// Random streams against every protocol, for SOCKETSYNC_FUZZ_SECONDS (5 when not set). A failure names the seed of its one
/// case; with it in SOCKETSYNC_FUZZ_SEED that case is the first to run.
/// </summary>
public class ProtocolFuzzTests
{
    private static readonly TimeSpan DefaultDuration = TimeSpan.FromSeconds(5);

    [Fact]
    public void NoStreamBreaksAPromise()
    {
        var duration = Number("SOCKETSYNC_FUZZ_SECONDS") is { } seconds ? TimeSpan.FromSeconds(seconds) : DefaultDuration;
        var seed = Number("SOCKETSYNC_FUZZ_SEED") ?? Random.Shared.Next();
        var ends = new Dictionary<string, int>(StringComparer.Ordinal);

        var clock = Stopwatch.StartNew();
        var cases = 0;
        for (; cases == 0 || clock.Elapsed < duration; cases++, seed = unchecked(seed + 1))
        {
            var end = Run(seed);
            ends[end] = ends.GetValueOrDefault(end) + 1;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{cases} cases: {string.Join(", ", ends.Select(e => $"{e.Value} {e.Key}"))}");
        if (cases < 10_000) return;
        string[] modbus = ["Incomplete", "Malformed", "TooLarge"];
        foreach (var kind in (string[])["LengthPrefixed Malformed", "LengthPrefixed TooLarge", "Line TooLarge",
                 .. ProtocolCases.Names.Select(name => $"{name} Incomplete"),
                 .. ProtocolCatalog.All.Where(d => d.HasUnits).SelectMany(d => modbus.Select(end => $"{d.Name} {end}"))])
            Assert.True(ends.ContainsKey(kind), $"Of {cases} cases none came to {kind}: the fuzz loop does not try what it should.");
    }

    private static string Run(int seed)
    {
        try
        {
            return RunOnce(seed);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Fuzz case failed; replay it with SOCKETSYNC_FUZZ_SEED={seed}: {e.Message}", e);
        }
    }

    private static string RunOnce(int seed, bool isAgain = false)
    {
        var random = new Random(seed);
        var options = ProtocolCases.Options(random);
        var stream = Stream(random, options);
        var cuts = ProtocolCases.Cuts(random, stream.Length);
        var arrivals = ProtocolCases.Cuts(random, stream.Length);
        var protocol = ProtocolCatalog.Create(options);
        var feed = new Feed(protocol, options.MaxRequestBytes);

        var expected = ReferenceFraming.Of(options, stream);
        feed.AssertEveryWay(expected.ToString(), stream, cuts);
        Assert.Equal(expected.ToString(), feed.Run(stream, arrivals, cuts).ToString());

        var raw = new Feed(new RawProtocol(options.MaxRequestBytes), options.MaxRequestBytes);
        Assert.Equal(stream.Length, raw.Run(stream, arrivals, cuts).Lengths.Sum());

        if (feed.Allocated + raw.Allocated > 0)
        {
            // Now and then the runtime itself allocates on this thread, while it recompiles a method. What the code allocates
            // for these bytes it allocates again.
            Assert.False(isAgain, $"{feed.Allocated + raw.Allocated} bytes allocated");
            return RunOnce(seed, isAgain: true);
        }

        TellAnError(random, protocol, stream);
        return $"{options.Name} {expected.End}";
    }

    private static byte[] Stream(Random random, ProtocolOptions options)
    {
        if (random.Next(4) == 0) return ProtocolCases.Bytes(random, random.Next(120));

        var stream = new List<byte>();
        for (var frames = random.Next(8); frames > 0; frames--) stream.AddRange(ProtocolCases.Frame(random, options));
        for (var mutations = random.Next(4); mutations > 0 && stream.Count > 0; mutations--)
        {
            var at = random.Next(stream.Count);
            switch (random.Next(6))
            {
                case 0: stream[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: stream[at] = ProtocolCases.Bytes(random, 1)[0]; break;
                case 2: stream.RemoveRange(at, random.Next(1, Math.Min(4, stream.Count - at) + 1)); break;
                case 3: stream.InsertRange(at, ProtocolCases.Bytes(random, random.Next(1, 70))); break;
                // The largest lengths a header can say, and those next to them.
                case 4: stream.InsertRange(at, [0xFF, 0xFF, 0xFF, (byte)random.Next(0xF8, 0x100)]); break;
                default: stream.RemoveRange(at, stream.Count - at); break;
            }
        }

        return [.. stream];
    }

    private static void TellAnError(Random random, IProtocol protocol, byte[] stream)
    {
        var output = new ArrayBufferWriter<byte>();
        var told = protocol.TryWriteError((Outcome)random.Next(OutcomeNames.Count), new ReadOnlySequence<byte>(stream), output);
        Assert.Equal(told, output.WrittenCount > 0);
    }

    private static int? Number(string variable)
    {
        var text = Environment.GetEnvironmentVariable(variable);
        return string.IsNullOrEmpty(text) ? null : int.Parse(text, CultureInfo.InvariantCulture);
    }
}
