using CsCheck;

namespace SocketSync.Tests;

/// <summary>From a client's request to the device and back, for any function, unit and transaction.</summary>
public class LinkProtocolPropertyTests
{
    private static readonly string[] Framings = ["Tcp", "Rtu", "Ascii"];

    private static readonly Gen<Dictionary<int, int>> GenUnits =
        Gen.Select(Gen.Int[0, 255], Gen.Int[1, 255]).Array[0, 3].Select(pairs => pairs.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2));

    private static readonly Gen<(string Request, string Reply)> GenExample =
        Gen.Int[0, ModbusFrames.Examples.Length - 1].Select(i => ModbusFrames.Examples[i]);

    private static readonly Gen<(string Clients, string Device)> GenPair =
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], (clients, device) => (Framings[clients], Framings[device]));

    [Fact]
    public void AClientGetsItsOwnNamesWithTheDevicesAnswer() =>
        Gen.Select(GenPair, Gen.Byte[100, 127], Gen.Byte.Array[0, 252], Gen.Byte.Array[0, 252], Gen.Int[0, 65535], Gen.Int[1, 255], GenUnits)
            .Sample(
                (pair, function, question, data, transaction, unit, units) =>
                {
                    byte[] asked = [function, .. question];
                    byte[] answer = [function, .. data];
                    var feed = Feed(pair, units, PlainModbus.Frame(pair.Clients, transaction, unit, asked));
                    var (used, unitOnLink, written) = PlainModbus.Parse(pair.Device, feed.Written);
                    var onLink = PlainModbus.Frame(pair.Device, used, units.GetValueOrDefault(unit, unit), answer);

                    Assert.Equal(units.GetValueOrDefault(unit, unit), unitOnLink);
                    Assert.Equal(asked, written);
                    if (pair is ("Tcp", "Tcp")) Assert.Equal(transaction, used);
                    Assert.Equal(Reply.Complete(onLink), feed.Whole(onLink));
                    Assert.Equal(PlainModbus.Frame(pair.Clients, transaction, unit, answer), feed.Translate(onLink));
                },
                iter: 5_000);

    [Fact]
    public void AnyWayOfDividingGivesTheReplyBehindAnyOtherFrames() =>
        Gen.Select(GenPair, GenExample, GenExample.Array[0, 3], GenUnits, Gen.Int[1, 255], Gen.Int[0, 200].Array[0, 8])
            .Sample(
                (pair, example, others, units, unit, cuts) =>
                {
                    var feed = Feed(pair, units, PlainModbus.Frame(pair.Clients, 7, unit, PlainModbus.Hex(example.Request)));
                    var used = PlainModbus.Parse(pair.Device, feed.Written).Transaction;
                    var onLink = units.GetValueOrDefault(unit, unit);
                    var foreign = others.SelectMany(o => Frame(onLink == 200 ? 201 : 200, o.Reply)).ToArray();
                    byte[] sent = [.. foreign, .. Frame(onLink, example.Reply)];
                    int[] sorted = [.. cuts.Where(c => c <= sent.Length).Order()];

                    foreach (var reply in new[] { feed.Run(sent, sorted, []), feed.Run(sent, [], sorted), feed.Run(sent, sorted, sorted, pauses: true) })
                        Assert.Equal(Reply.Complete(Frame(onLink, example.Reply), foreign.Length), reply);

                    byte[] Frame(int unit, string pdu) => PlainModbus.Frame(pair.Device, used, unit, PlainModbus.Hex(pdu));
                },
                iter: 5_000);

    [Fact]
    public void WhatTheClientGetsIsAFrameOfItsProtocol() =>
        Gen.Select(GenPair, GenExample, Gen.Int[1, 255], GenUnits).Sample(
            (pair, example, unit, units) =>
            {
                var feed = Feed(pair, units, PlainModbus.Frame(pair.Clients, 9, unit, PlainModbus.Hex(example.Request)));
                var reply = feed.Translate(PlainModbus.Frame(pair.Device, 9, units.GetValueOrDefault(unit, unit), PlainModbus.Hex(example.Reply)));
                Assert.True(pair.Clients switch
                {
                    "Tcp" => PlainModbus.TcpRequest(260, reply) == (FrameStatus.Complete, reply.Length),
                    "Rtu" => PlainModbus.IsIntact(reply),
                    _ => PlainModbus.IsIntactAscii(reply),
                });
            },
            iter: 2_000);

    private static LinkFeed Feed((string Clients, string Device) pair, Dictionary<int, int> units, byte[] request) =>
        new(ProtocolCatalog.CreateLink(new() { Name = "Modbus" + pair.Clients }, new() { Name = "Modbus" + pair.Device }, 1048576, units), request);
}
