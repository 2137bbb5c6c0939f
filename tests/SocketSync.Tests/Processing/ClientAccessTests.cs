using System.Buffers;
using System.Net;
using System.Text;

namespace SocketSync.Tests;

/// <summary>What a client's listener and address decide, and what judging a request costs.</summary>
public class ClientAccessTests
{
    private static readonly ReadOnlySequence<byte> Request = new("anything\n"u8.ToArray());

    [Fact]
    public void TheFirstRuleThatFitsDecides()
    {
        var rules = AccessBench.Rules("""
            [ { "Listeners": [ "Trusted" ], "Allow": true }, { "Networks": [ "10.0.0.0/8", "2001:db8::/32" ], "Allow": false }, { "Listeners": [ "Shut" ], "Allow": false } ]
            """);

        Assert.Null(AccessBench.Client("Raw", "trusted", "10.0.0.1").RefusalOf(rules, Request));
        Assert.Equal(Outcome.Denied, AccessBench.Client("Raw", "Other", "10.0.0.1").RefusalOf(rules, Request));
        Assert.Equal(Outcome.Denied, AccessBench.Client("Raw", "Other", "::ffff:10.0.0.1").RefusalOf(rules, Request));
        Assert.Equal(Outcome.Denied, AccessBench.Client("Raw", "Other", "2001:db8::1").RefusalOf(rules, Request));
        Assert.Null(AccessBench.Client("Raw", "Other", "192.0.2.1").RefusalOf(rules, Request));
        Assert.Null(AccessBench.Client("Raw", "Other", address: null).RefusalOf(rules, Request)); // a Unix socket has no address
        Assert.Equal(Outcome.Denied, AccessBench.Client("Raw", "Shut", "192.0.2.1").RefusalOf(rules, Request));
    }

    [Fact]
    public void ARoleFitsNobodyWithoutACertificate()
    {
        var rules = AccessBench.Rules("""[ { "Roles": [ "Operator" ], "Allow": true }, { "Allow": false } ]""");

        Assert.Equal(Outcome.Denied, AccessBench.Client("Raw").RefusalOf(rules, Request));
    }

    [Fact]
    public void RulesOfSeveralResourcesAndNewOnesAreKeptApart()
    {
        var client = AccessBench.Client("Raw");
        var shut = new ResourceOptions { Access = [new() { Allow = false }] };
        var open = new ResourceOptions { Access = [new() { Allow = true }] };
        var (one, two) = (AccessList.Of("One", shut)!, AccessList.Of("Two", open)!);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Outcome.Denied, client.RefusalOf(one, Request));
            Assert.Null(client.RefusalOf(two, Request));
        }

        Assert.Null(client.RefusalOf(AccessList.Of("One", open)!, Request));
        Assert.Equal(Outcome.Denied, client.RefusalOf(AccessList.Of("Two", shut)!, Request));
    }

    [Theory]
    [InlineData("ModbusTcp")]
    [InlineData("ModbusRtu")]
    [InlineData("ModbusAscii")]
    public void JudgingAModbusRequestAllocatesNothing(string protocol)
    {
        const string rules = """
            [ { "Networks": [ "192.0.2.0/24" ], "Allow": false }, { "Units": "9", "Functions": [ "Write" ], "Allow": true }, { "Registers": "100-199", "Allow": false } ]
            """;
        AssertFree(AccessBench.Client(protocol, address: "10.0.0.1"), AccessBench.Rules(rules), AccessBench.Frame(protocol, unit: 1, "10 0000 0002 04 0000 0000"));
    }

    [Theory]
    [InlineData("Line", "MEAS:VOLT?\n")]
    [InlineData("Scpi", ":MEAS:VOLT? 10;CURR? \"a;b\";*IDN?;DATA #15;;;;;\n")]
    public void JudgingALineAllocatesNothing(string protocol, string line)
    {
        var rules = AccessBench.Rules("""[ { "Commands": [ "*RST", "SYST*", "a:b:c" ], "Allow": false }, { "Commands": [ "x" ], "Allow": true } ]""");
        var bytes = Encoding.ASCII.GetBytes(line);
        AssertFree(AccessBench.Client(protocol), rules, new(bytes));
        AssertFree(AccessBench.Client(protocol), rules, Segments.Of(bytes, 3));
    }

    [Fact]
    public void SeveralResourcesAndAClientAloneAllocateNothing()
    {
        var client = AccessBench.Client("Line");
        var (one, two) = (AccessList.Of("One", new() { Access = [new() { Listeners = ["X"], Allow = false }] })!, AccessList.Of("Two", new() { Access = [new() { Allow = true }] })!);
        client.RefusalOf(one, Request);
        client.RefusalOf(two, Request);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                client.RefusalOf(one, Request);
                client.RefusalOf(two, Request);
            }
        }));
    }

    private static void AssertFree(ClientAccess client, AccessList rules, ReadOnlySequence<byte> request)
    {
        Assert.Null(client.RefusalOf(rules, request)); // once for the connection
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 1_000; i++) client.RefusalOf(rules, request);
        }));
    }
}
