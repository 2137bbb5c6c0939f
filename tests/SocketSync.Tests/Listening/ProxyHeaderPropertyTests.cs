using System.Diagnostics;
using System.Globalization;
using System.Net;
using CsCheck;

namespace SocketSync.Tests;

public class ProxyHeaderPropertyTests
{
    private static readonly Gen<IPAddress> GenFour = Gen.Byte.Array[4].Select(b => new IPAddress(b));
    private static readonly Gen<IPAddress> GenSix = Gen.Frequency((1, Gen.Byte), (2, Gen.Const((byte)0))).Array[16].Select(b => new IPAddress(b));

    private static readonly Gen<(IPEndPoint From, IPEndPoint To)> GenPair = Gen.OneOf(Pair(GenFour), Pair(GenSix));

    private static readonly Gen<byte[]> GenTlvs = Gen.Select(Gen.Byte, Gen.Byte.Array[0, 60])
        .Select((type, value) => type == 0x03 ? [] : ProxyHeaders.Tlv(type, value)).Array[0, 6].Select(t => t.SelectMany(b => b).ToArray());

    private static readonly Gen<(byte[] Bytes, IPEndPoint From)> GenHeader = Gen.Select(GenPair, GenTlvs, Gen.Int[0, 2]).Select((pair, tlvs, kind) => (kind switch
    {
        0 => ProxyHeaders.Text(pair.From, pair.To),
        1 => ProxyHeaders.Binary(pair.From, pair.To, tlvs),
        _ => ProxyHeaders.WithChecksum(ProxyHeaders.Binary(pair.From, pair.To, tlvs)),
    }, pair.From));

    [Fact]
    public void WhatAProxyWritesIsReadBack() => Gen.Select(GenHeader, Gen.Byte.Array[0, 30]).SelectMany((header, more) =>
    {
        byte[] all = [.. header.Bytes, .. more];
        return Gen.Int[0, all.Length].Array[0, 5].Select(cuts => (header.Bytes.Length, All: all, Cuts: cuts.Order().ToArray(), header.From));
    }).Sample(
        t =>
        {
            Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeader.Read(Segments.Of(t.All, t.Cuts), out var read));
            Assert.Equal(new ProxyHeader(t.Length, t.From), read);
            AssertLaws(t.All);
        },
        iter: 2_000,
        print: t => $"{Convert.ToHexString(t.All)} cut at {string.Join(",", t.Cuts)}");

    [Fact]
    public void BytesThatComeLaterChangeNoVerdict() => Gen.OneOf(
        Gen.Byte.Array[0, 150],
        Gen.Select(GenHeader, Gen.Int[0, 400], Gen.Byte).Select((header, at, value) => Mutated(header.Bytes, at, value)))
        .Sample(
            bytes =>
            {
                AssertLaws(bytes);
            },
            iter: 3_000,
            print: Convert.ToHexString);

    /// <summary>For SOCKETSYNC_FUZZ_SECONDS (2 when not set); a failure names the seed of its one case.</summary>
    [Fact]
    public void NoBytesBreakALaw()
    {
        var duration = TimeSpan.FromSeconds(Number("SOCKETSYNC_FUZZ_SECONDS") ?? 2);
        var seed = Number("SOCKETSYNC_FUZZ_SEED") ?? Random.Shared.Next();
        var verdicts = new HashSet<ProxyHeaderStatus>();
        var clock = Stopwatch.StartNew();
        var cases = 0;
        for (; cases == 0 || clock.Elapsed < duration; cases++, seed = unchecked(seed + 1))
        {
            try
            {
                verdicts.Add(AssertLaws(Case(new Random(seed))));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Fuzz case failed; replay it with SOCKETSYNC_FUZZ_SEED={seed}: {e.Message}", e);
            }
        }

        if (cases >= 10_000) Assert.Equal(Enum.GetValues<ProxyHeaderStatus>().Length, verdicts.Count);
    }

    private static byte[] Case(Random random)
    {
        var from = new IPEndPoint(new IPAddress(Bytes(random, random.Next(2) == 0 ? 4 : 16)), random.Next(65536));
        var tlvs = ProxyHeaders.Tlv((byte)random.Next(6), Bytes(random, random.Next(40)));
        var header = random.Next(4) switch
        {
            0 => ProxyHeaders.Text(from, from),
            1 => ProxyHeaders.Binary(from, from, tlvs),
            2 => ProxyHeaders.WithChecksum(ProxyHeaders.Binary(from, from)),
            _ => ProxyHeaders.Binary((byte)(0x20 + random.Next(3)), (byte)random.Next(256), Bytes(random, random.Next(60))),
        };
        for (var mutations = random.Next(3); mutations > 0; mutations--) header = Mutated(header, random.Next(header.Length), (byte)random.Next(256));
        return [.. header, .. Bytes(random, random.Next(20))];
    }

    /// <summary>What holds for any bytes: the verdict falls once, by the first bytes that allow it, and stays.</summary>
    private static ProxyHeaderStatus AssertLaws(byte[] bytes)
    {
        var verdict = ProxyHeaderStatus.Incomplete;
        ProxyHeader header = default;
        for (var length = 0; length <= bytes.Length; length++)
        {
            var status = ProxyHeader.Read(bytes.AsSpan(0, length), out var read);
            if (status != ProxyHeaderStatus.Incomplete && verdict == ProxyHeaderStatus.Incomplete)
            {
                (verdict, header) = (status, read);
                if (status == ProxyHeaderStatus.Complete) Assert.Equal(length, read.Length);
            }

            Assert.Equal((verdict, header), (status, read));
        }

        Assert.InRange(header.Length, 0, ProxyHeader.MaxLength);
        return verdict;
    }

    private static byte[] Mutated(byte[] header, int at, byte value)
    {
        byte[] mutated = [.. header];
        mutated[at % mutated.Length] = value;
        return mutated;
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static Gen<(IPEndPoint From, IPEndPoint To)> Pair(Gen<IPAddress> address) =>
        Gen.Select(address, address, Gen.Int[0, 65535], Gen.Int[0, 65535], (from, to, fromPort, toPort) => (new IPEndPoint(from, fromPort), new IPEndPoint(to, toPort)));

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;
}
