using System.Text.Json;

namespace SocketSync.Tests;

/// <summary>What stands for <c>relay</c>'s options in a configuration.</summary>
public sealed class RelayPlanTests
{
    private static readonly Dictionary<string, string?> s_none = new(StringComparer.Ordinal);
    private static readonly JsonSerializerOptions s_json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Theory]
    [InlineData("1502", """{"Port":1502}""")]
    [InlineData("*:0", """{"Address":"*","Port":0}""")]
    [InlineData("localhost:1502", """{"Address":"localhost","Port":1502}""")]
    [InlineData("[::1]:1502", """{"Address":"::1","Port":1502}""")]
    [InlineData("unix:/run/bench.sock", """{"UnixSocket":"/run/bench.sock"}""")]
    public void WhereItListens(string listen, string expected) => Assert.Equal(expected, Part(Write(listen, "a:1"), "Listeners"));

    [Theory]
    [InlineData("192.0.2.10:502", """{"Tcp":{"Host":"192.0.2.10","Port":502}}""")]
    [InlineData("tcp:meter.example:502", """{"Tcp":{"Host":"meter.example","Port":502}}""")]
    [InlineData("[2001:db8::1]:502", """{"Tcp":{"Host":"2001:db8::1","Port":502}}""")]
    [InlineData("tls:meter:802", """{"Tcp":{"Host":"meter","Port":802,"Tls":true}}""")]
    [InlineData("udp:meter:502", """{"Udp":{"Host":"meter","Port":502}}""")]
    [InlineData("serial:/dev/ttyUSB0", """{"Serial":{"Device":"/dev/ttyUSB0"}}""")]
    [InlineData("serial:/dev/ttyUSB0?BaudRate=19200&parity=Even&Protocol=ModbusRtu&replyTimeout=00:00:01",
        """{"Serial":{"Device":"/dev/ttyUSB0","BaudRate":19200,"parity":"Even"},"Protocol":{"Name":"ModbusRtu"},"replyTimeout":"00:00:01"}""")]
    [InlineData("a:1?LocalEcho=true&Baud=1", """{"Tcp":{"Host":"a","Port":1,"Baud":1},"LocalEcho":true}""")]
    [InlineData("process:python3 worker.py", """{"Process":{"FileName":"python3","Arguments":["worker.py"]}}""")]
    [InlineData("process:\"/opt/my tool\" -c  \"a  b\"", """{"Process":{"FileName":"/opt/my tool","Arguments":["-c","a  b"]}}""")]
    [InlineData("process:sh -c \"a?b=c\"", """{"Process":{"FileName":"sh","Arguments":["-c","a?b=c"]}}""")]
    public void WhereTheDeviceIs(string target, string expected) => Assert.Equal(expected, Part(Write("1", target), "Resources", "Link"));

    [Theory]
    [InlineData("a:1", null, "Raw")]
    [InlineData("a:1", "Scpi", "Scpi")]
    [InlineData("a:1?Protocol=Line", null, "Line")]
    [InlineData("serial:/dev/x?Protocol=ModbusRtu", null, "ModbusTcp")]
    [InlineData("serial:/dev/x?Protocol=ModbusAscii", "ModbusRtu", "ModbusRtu")]
    [InlineData("a:1?Protocol=Nonsense", null, "Nonsense")]
    public void WhatTheClientsSpeak(string target, string? protocol, string expected) =>
        Assert.Equal($$"""{"Name":"{{expected}}"}""", Part(Write("1", target, protocol), "Resources", "Protocol"));

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("65536")]
    [InlineData("-1")]
    [InlineData(":1502")]
    [InlineData("localhost:")]
    [InlineData("unix:")]
    public void AMistakeInListenIsOneLine(string listen) => Assert.Equal($"--listen: '{listen}': {RelayPlan.ListenForms}", Assert.Single(Problems(listen, "a:1")));

    [Theory]
    [InlineData("")]
    [InlineData("meter")]
    [InlineData("meter:0")]
    [InlineData(":502")]
    [InlineData("tls:meter")]
    [InlineData("serial:")]
    [InlineData("serial:/dev/x?BaudRate")]
    [InlineData("serial:/dev/x?=1")]
    [InlineData("process:")]
    [InlineData("process: ")]
    public void AMistakeInToIsOneLine(string target) => Assert.Equal($"--to: '{target}': {RelayPlan.TargetForms}", Assert.Single(Problems("1", target)));

    [Fact]
    public void BothMistakesAreToldAtOnce() => Assert.Equal(2, Problems("x", "y").Count);

    [Fact]
    public void KeysThatAreGivenBesideOverrideTheRest()
    {
        var keys = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["socketsync:listeners:RELAY:Port"] = "7", ["SocketSync:Resources:Relay:Gate:MaxQueue"] = "9", ["urls"] = "http://*:8081",
        };
        var text = RelayPlan.Write("1", "a:1", null, keys, []);
        Assert.Equal("""{"Port":7}""", Part(text, "Listeners"));
        Assert.Equal("""{"MaxQueue":9}""", Part(text, "Resources", "Gate"));
        Assert.Contains("\"urls\": \"http://*:8081\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "relay")]
    [InlineData(2, "relay", "--listen", "1502")]
    [InlineData(2, "relay", "--listen", "x", "--to", "y", "--print")]
    [InlineData(2, "relay", "--listen", "1502", "--to", "a:1", "--config", "x.json", "--print")]
    [InlineData(2, "relay", "--listen", "1502", "--to", "serial:/dev/x?Baud=1", "--print")]
    [InlineData(2, "relay", "--listen", "1502", "--to", "a:1", "--protocol", "Nonsense", "--print")]
    [InlineData(2, "relay", "--listen", "1502", "--to", "a:1", "--SocketSync:Resource:X=1", "--print")]
    [InlineData(0, "relay", "--listen", "1502", "--to", "a:1", "--print")]
    public async Task TheExitCodeTells(int code, params string[] args) => Assert.Equal(code, await ServerCommandLine.InvokeAsync(args));

    private static string Write(string listen, string target, string? protocol = null)
    {
        var problems = new List<string>();
        var text = RelayPlan.Write(listen, target, protocol, s_none, problems);
        Assert.Empty(problems);
        return text;
    }

    private static List<string> Problems(string listen, string target)
    {
        var problems = new List<string>();
        RelayPlan.Write(listen, target, null, s_none, problems);
        return problems;
    }

    private static string Part(string text, string section, string? part = null)
    {
        using var json = JsonDocument.Parse(text);
        var relay = json.RootElement.GetProperty("SocketSync").GetProperty(section).GetProperty(RelayPlan.Name);
        return JsonSerializer.Serialize(part is null ? relay : relay.GetProperty(part), s_json);
    }
}
