namespace SocketSync.Tests;

/// <summary>What <c>check</c> prints of the rules of <c>Access</c>, and which of them it warns of.</summary>
public class AccessTableTests
{
    [Fact]
    public void TheRulesAreATableOfThePartsThatTheyHave() => Assert.Equal(
        """
        access to PLC: the first rule that fits decides
          rule  Listeners       Functions  Registers
          0     Control, Panel  any        any        allowed
          1     any             Read, 23   100-199    denied
          else  any             any        any        allowed
        """.ReplaceLineEndings("\n"),
        string.Join('\n', AccessTable.Describe(
            "PLC", [new() { Listeners = ["Control", "Panel"], Allow = true }, new() { Functions = ["Read", "23"], Registers = "100-199", Allow = false }])));

    [Fact]
    public void WithoutRulesThereIsNone() => Assert.Empty(AccessTable.Describe("PLC", []));

    [Theory]
    // Everything, part by part.
    [InlineData("""{ "Allow": true }""", """{ "Allow": false }""", true)]
    [InlineData("""{ "Listeners": [ "A" ], "Allow": true }""", """{ "Listeners": [ "a" ], "Allow": false }""", true)]
    [InlineData("""{ "Listeners": [ "A" ], "Allow": true }""", """{ "Allow": false }""", false)]
    [InlineData("""{ "Listeners": [ "A", "B" ], "Allow": true }""", """{ "Allow": false }""", true)] // no other listener reaches it
    [InlineData("""{ "Networks": [ "10.0.0.0/8" ], "Allow": true }""", """{ "Networks": [ "10.1.0.0/16", "10.9.0.0/24" ], "Allow": false }""", true)]
    [InlineData("""{ "Networks": [ "10.1.0.0/16" ], "Allow": true }""", """{ "Networks": [ "10.0.0.0/8" ], "Allow": false }""", false)]
    [InlineData("""{ "Networks": [ "0.0.0.0/0" ], "Allow": true }""", """{ "Networks": [ "::/0" ], "Allow": false }""", false)]
    [InlineData("""{ "Units": "1-9", "Allow": true }""", """{ "Units": "2,4", "Allow": true }""", true)]
    [InlineData("""{ "Units": "1-9", "Allow": true }""", """{ "Units": "2,4", "Allow": false }""", false)] // a broadcast is left to it
    [InlineData("""{ "Units": "0-9", "Allow": true }""", """{ "Units": "2,4", "Allow": false }""", true)]
    [InlineData("""{ "Units": "1-9", "Allow": false }""", """{ "Units": "10", "Allow": false }""", false)]
    [InlineData("""{ "Functions": [ "Write" ], "Allow": false }""", """{ "Functions": [ "6", "16" ], "Allow": true }""", true)]
    [InlineData("""{ "Functions": [ "Write" ], "Allow": false }""", """{ "Functions": [ "3", "16" ], "Allow": true }""", false)]
    [InlineData("""{ "Functions": [ "Read", "Write" ], "Allow": true }""", """{ "Functions": [ "3" ], "Allow": false }""", true)]
    [InlineData("""{ "Registers": "100-199", "Allow": false }""", """{ "Registers": "150", "Allow": true }""", true)]
    [InlineData("""{ "Registers": "100-199", "Allow": false }""", """{ "Registers": "150", "Allow": false }""", true)]
    [InlineData("""{ "Registers": "100-199", "Allow": true }""", """{ "Registers": "150", "Allow": true }""", true)]
    [InlineData("""{ "Registers": "100-199", "Allow": true }""", """{ "Registers": "150", "Allow": false }""", false)] // 199-200 is left to it
    [InlineData("""{ "Registers": "100-199", "Allow": false }""", """{ "Registers": "150-200", "Allow": true }""", false)]
    [InlineData("""{ "Registers": "100-199", "Allow": false }""", """{ "Functions": [ "3" ], "Allow": false }""", false)]
    [InlineData("""{ "Functions": [ "Write" ], "Allow": false }""", """{ "Functions": [ "6" ], "Registers": "1", "Allow": true }""", true)]
    public void ARuleThatAnEarlierOneLeavesNothingToDecideIsWarnedOf(string earlier, string later, bool warned)
    {
        var warnings = Warnings("ModbusTcp", $"[ {earlier}, {later} ]");

        Assert.Equal(warned ? ["warning: resource R: Access rule 1 never decides: whatever it fits, rule 0 before it has decided"] : [], warnings);
    }

    [Theory]
    [InlineData("Line", "MEAS*", "MEAS:VOLT?", true)]
    [InlineData("Line", "MEAS*", "meas:volt?", false)]
    [InlineData("Scpi", "MEAS*", ":meas:volt?", true)]
    [InlineData("Scpi", "MEAS*", "ME*", false)]
    [InlineData("Line", "MEAS", "MEAS*", false)]
    [InlineData("Line", "*", "MEAS*", true)]
    public void CommandsAreComparedAsTheProtocolDoes(string protocol, string earlier, string later, bool warned) => Assert.Equal(
        warned ? 1 : 0,
        Warnings(protocol, $$"""[ { "Commands": [ "{{earlier}}" ], "Allow": true }, { "Commands": [ "{{later}}" ], "Allow": false } ]""").Count);

    [Fact]
    public void AListenerThatDoesNotReachTheResourceIsWarnedOf() => Assert.Equal(
        ["warning: resource R: Access rule 1 names listener Other, through which no client reaches the resource"],
        Warnings("Raw", """[ { "Listeners": [ "A" ], "Allow": true }, { "Listeners": [ "Other" ], "Allow": false } ]"""));

    private static List<string> Warnings(string protocol, string rules)
    {
        var options = ConfigurationText.Valid(ConfigurationText.Json($$"""
            { "SocketSync": {
                "Listeners": { "A": { "Port": 1, "Resource": "R" }, "B": { "Port": 2, "Resource": "R" }, "Other": { "Port": 3, "Resource": "Free" } },
                "Resources": { "R": { "Protocol": { "Name": "{{protocol}}" }, "Access": {{rules}} }, "Free": { "Access": [ { "Allow": true } ] } } } }
            """));
        return [.. AccessTable.Warnings(options)];
    }
}
