using System.Buffers;
using CsCheck;

namespace SocketSync.Tests;

/// <summary>From a client's request to the device and back, for any function, unit and transaction.</summary>
public class LinkProtocolPropertyTests
{
    private static readonly Gen<Dictionary<int, int>> GenUnits =
        Gen.Select(Gen.Int[0, 255], Gen.Int[1, 255]).Array[0, 3].Select(pairs => pairs.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2));

    private static readonly Gen<(string Request, string Reply)> GenExample =
        Gen.Int[0, ModbusFrames.Examples.Length - 1].Select(i => ModbusFrames.Examples[i]);

    [Fact]
    public void AClientOnTcpGetsItsOwnNamesWithTheDevicesAnswer() =>
        Gen.Select(Gen.Byte.Array[1, 253], Gen.Byte.Array[0, 252], Gen.Int[0, 65535], Gen.Int[0, 255], GenUnits)
            .Sample(
                (asked, data, transaction, unit, units) =>
                {
                    var feed = EventFeed("ModbusTcp", "ModbusTcp", units, PlainModbus.Tcp(transaction, unit, asked));
                    byte[] answer = [asked[0], .. data];
                    var onLink = PlainModbus.Tcp(transaction, units.GetValueOrDefault(unit, unit), answer);

                    Assert.Equal(PlainModbus.Tcp(transaction, units.GetValueOrDefault(unit, unit), asked), feed.Written);
                    Assert.Equal(Reply.Complete(onLink), feed.Whole(onLink));
                    Assert.Equal(PlainModbus.Tcp(transaction, unit, answer), feed.Translate(onLink));
                },
                iter: 2_000);

    [Fact]
    public void AClientOnTcpGetsTheAnswerOfADeviceOnASerialLine() =>
        Gen.Select(Gen.Byte[100, 127], Gen.Byte.Array[0, 252], Gen.Byte.Array[0, 252], Gen.Int[0, 65535], Gen.Int[1, 255], GenUnits)
            .Sample(
                (function, question, data, transaction, unit, units) =>
                {
                    byte[] asked = [function, .. question];
                    var feed = EventFeed("ModbusTcp", "ModbusRtu", units, PlainModbus.Tcp(transaction, unit, asked));
                    byte[] answer = [asked[0], .. data];
                    var onLink = PlainModbus.Rtu(units.GetValueOrDefault(unit, unit), answer);

                    Assert.Equal(PlainModbus.Rtu(units.GetValueOrDefault(unit, unit), asked), feed.Written);
                    Assert.Equal(Reply.Complete(onLink), feed.Whole(onLink));
                    Assert.Equal(PlainModbus.Tcp(transaction, unit, answer), feed.Translate(onLink));
                },
                iter: 2_000);

    [Fact]
    public void AnyWayOfDividingGivesTheReplyBehindAnyOtherFrames() =>
        Gen.Select(GenExample, GenExample.Array[0, 3], GenUnits, Gen.Int[1, 255], Gen.Int[0, 200].Array[0, 8], Gen.Bool)
            .Sample(
                (example, others, units, unit, cuts, tcp) =>
                {
                    var feed = EventFeed("ModbusTcp", tcp ? "ModbusTcp" : "ModbusRtu", units, PlainModbus.Tcp(7, unit, PlainModbus.Hex(example.Request)));
                    var onLink = units.GetValueOrDefault(unit, unit);
                    var foreign = others.SelectMany(o => Frame(onLink == 200 ? 201 : 200, o.Reply)).ToArray();
                    byte[] sent = [.. foreign, .. Frame(onLink, example.Reply)];
                    int[] sorted = [.. cuts.Where(c => c <= sent.Length).Order()];

                    foreach (var reply in new[] { feed.Run(sent, sorted, []), feed.Run(sent, [], sorted), feed.Run(sent, sorted, sorted, pauses: true) })
                        Assert.Equal(Reply.Complete(Frame(onLink, example.Reply), foreign.Length), reply);

                    byte[] Frame(int unit, string pdu) => tcp ? PlainModbus.Tcp(7, unit, PlainModbus.Hex(pdu)) : PlainModbus.Rtu(unit, PlainModbus.Hex(pdu));
                },
                iter: 5_000);

    [Fact]
    public void WhatTheClientGetsIsAFrameOfItsProtocol() =>
        Gen.Select(GenExample, Gen.Int[1, 255], GenUnits).Sample(
            (example, unit, units) =>
            {
                var feed = EventFeed("ModbusTcp", "ModbusRtu", units, PlainModbus.Tcp(9, unit, PlainModbus.Hex(example.Request)));
                var reply = feed.Translate(PlainModbus.Rtu(units.GetValueOrDefault(unit, unit), PlainModbus.Hex(example.Reply)));
                Assert.Equal(FrameResult.Complete(reply.Length), new ModbusTcpProtocol(260).FindRequest(new ReadOnlySequence<byte>(reply), 0));
            },
            iter: 1_000);

    private static LinkFeed EventFeed(string clients, string device, Dictionary<int, int> units, byte[] request) =>
        new(LinkProtocolFactory.Create(new() { Name = clients }, new() { Name = device }, 1048576, units), request);
}
