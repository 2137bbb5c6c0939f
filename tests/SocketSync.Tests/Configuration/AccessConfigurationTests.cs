namespace SocketSync.Tests;

/// <summary>The rules of <c>Access</c>: what is taken, what is told as a mistake, and that they change at run time.</summary>
public class AccessConfigurationTests
{
    private const string Modbus = "Resources:Default:Protocol:Name=ModbusTcp; Resources:Default:Access:0:Allow=false; ";
    private const string Lines = "Resources:Default:Protocol:Name=Line; Resources:Default:Access:0:Allow=false; ";

    [Theory]
    [InlineData("Resources:Default:Access:0:Listeners:0=Default", "Access:0:Allow", null, "must be given: true or false")]
    [InlineData("Resources:Default:Access:0:Allow=true; Resources:Default:Access:0:Alow=true", "Access:0:Alow", null, "did you mean SocketSync:Resources:Default:Access:0:Allow?")]
    [InlineData("Resources:Default:Access:Allow=true", "Access:Allow", null, "is a list of sections, which are numbered from 0")]
    [InlineData("Resources:Default:Access:0:Allow=yes", "Access:0:Allow", "yes", "must be true or false")]
    [InlineData("Resources:Default:Access:0:Allow=true; Resources:Default:Access:0:Networks:0=10.0.0.1", "Access:0:Networks:0", "10.0.0.1", "this one address is 10.0.0.1/32")]
    [InlineData("Resources:Default:Access:0:Allow=true; Resources:Default:Access:0:Listeners:0=Defualt", "Access:0:Listeners:0", "Defualt", "must be Default")]
    [InlineData("Listeners:Plant:Resource=Default; Listeners:Panel:Resource=Default; Listeners:Panel:Port=1; Resources:Default:Access:3:Allow=true; Resources:Default:Access:3:Listeners:1=Plent; Resources:Default:Access:3:Listeners:0=Panel", "Access:3:Listeners:1", "Plent", "must be one of Panel, Plant; did you mean Plant?")]
    [InlineData(Modbus + "Resources:Default:Access:0:Units=1-256", "Access:0:Units", "1-256", "must be numbers from 0 to 255 and ranges of them, such as 1-9,12")]
    [InlineData(Modbus + "Resources:Default:Access:0:Units=9-1", "Access:0:Units", "9-1", "must be numbers from 0 to 255")]
    [InlineData(Modbus + "Resources:Default:Access:0:Units=1-2-3", "Access:0:Units", "1-2-3", "must be numbers from 0 to 255")]
    [InlineData(Modbus + "Resources:Default:Access:0:Units=1,,2", "Access:0:Units", "1,,2", "must be numbers from 0 to 255")]
    [InlineData(Modbus + "Resources:Default:Access:0:Registers=-5", "Access:0:Registers", "-5", "must be numbers from 0 to 65535")]
    [InlineData(Modbus + "Resources:Default:Access:0:Registers=65536", "Access:0:Registers", "65536", "must be numbers from 0 to 65535")]
    [InlineData(Modbus + "Resources:Default:Access:0:Registers=0x10", "Access:0:Registers", "0x10", "must be numbers from 0 to 65535")]
    [InlineData(Modbus + "Resources:Default:Access:0:Functions:0=Raed", "Access:0:Functions:0", "Raed", "must be Read, Write or the number of a function, from 1 to 127")]
    [InlineData(Modbus + "Resources:Default:Access:0:Functions:0=128", "Access:0:Functions:0", "128", "from 1 to 127")]
    [InlineData(Modbus + "Resources:Default:Access:0:Functions:0=0", "Access:0:Functions:0", "0", "from 1 to 127")]
    [InlineData(Modbus + "Resources:Default:Access:0:Functions=Read", "Access:0:Functions", "Read", "must be a list, such as [\"Read\"]")]
    [InlineData(Modbus + "Resources:Default:Access:0:Commands:0=*RST", "Access:0:Commands", null, "is for the protocols Line and Scpi, but that of listener Default is ModbusTcp")]
    [InlineData(Lines + "Resources:Default:Access:0:Units=1", "Access:0:Units", null, "is for the protocols ModbusTcp, ModbusRtu and ModbusAscii, but that of listener Default is Line")]
    [InlineData(Lines + "Resources:Default:Access:0:Functions:0=Read", "Access:0:Functions", null, "but that of listener Default is Line")]
    [InlineData(Lines + "Resources:Default:Access:0:Registers=1", "Access:0:Registers", null, "but that of listener Default is Line")]
    [InlineData(Lines + "Resources:Default:Access:0:Commands:0=", "Access:0:Commands:0", "", "must not be empty")]
    [InlineData("Resources:Default:Access:0:Allow=false; Resources:Default:Access:0:Commands:0=a", "Access:0:Commands", null, "but that of listener Default is Raw")]
    [InlineData(Lines + "Resources:Default:Access:0:Commands:0=a; Listeners:A:Resource=Default; Listeners:B:Resource=Default; Listeners:B:Port=1; Listeners:B:Protocol:Name=Raw", "Access:0:Commands", null, "but that of listener B is Raw")]
    [InlineData(Lines + "Resources:Default:Access:0:Roles:0=Operator", "Access:0:Roles", null, "is for clients with certificates, but no listener that the rule is for has Tls:ClientCertificate Require")]
    public void AMistakeIsToldWithItsPlaceAndWhatIsAllowed(string keys, string key, string? value, string allowed)
    {
        var problem = Assert.Single(ConfigurationText.Read(ConfigurationText.Keys(keys)).Problems);

        Assert.Equal(($"SocketSync:Resources:Default:{key}", value), (problem.Key, problem.Value));
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void AWholeListIsTakenAsItIsWritten()
    {
        var options = ConfigurationText.Valid(ConfigurationText.Json("""
            { "SocketSync": {
                "Listeners": { "Default": {}, "Lines": { "Port": 1, "Resource": "Default", "Protocol": { "Name": "Line" } } },
                "Resources": { "Default": { "Protocol": { "Name": "ModbusTcp" }, "Access": [
                    { "Listeners": [ "default" ], "Networks": [ "10.0.0.0/8" ], "Units": "1-9, 12", "Functions": [ "Read", "write", "16" ], "Registers": "100-199", "Commands": [], "Roles": [], "Allow": true },
                    { "Listeners": [ "Lines" ], "Commands": [ "*IDN?", "MEAS*" ], "Allow": false } ] } } } }
            """));

        var access = options.Resources["Default"].Access;
        Assert.Equal([(true, "1-9, 12", "100-199"), (false, null, null)], access.Select(rule => (rule.Allow!.Value, rule.Units, rule.Registers)));
        Assert.Equal(["*IDN?", "MEAS*"], access[1].Commands, StringComparer.Ordinal);
    }

    [Fact]
    public void OtherRulesAreAChangeThatIsAppliedAndEqualOnesAreNone()
    {
        var running = ConfigurationText.Valid(ConfigurationText.Keys(Lines + "Resources:Default:Access:0:Commands:0=a"));
        var same = ConfigurationText.Valid(ConfigurationText.Keys(Lines + "Resources:Default:Access:0:Commands:0=a"));
        var next = ConfigurationText.Valid(ConfigurationText.Keys(Lines + "Resources:Default:Access:0:Commands:0=b"));

        var (none, changed) = (ConfigurationChanges.Between(running, same), ConfigurationChanges.Between(running, next));

        Assert.Empty(none.Applied);
        Assert.Equal(["Default"], changed.Applied, StringComparer.Ordinal);
        Assert.Empty(none.NeedsRestart.Concat(changed.NeedsRestart));
        Assert.Equal(["b"], Assert.Single(changed.Options.Resources["Default"].Access).Commands, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("5", "5")]
    [InlineData("1-9,12", "1-9,12")]
    [InlineData(" 12 , 1 - 9 ", "1-9,12")]
    [InlineData("1-3,2-5,6", "1-6")]
    public void RangesAreMerged(string text, string merged) => Assert.Equal(merged, NumberRanges.Parse(text).ToString());
}
