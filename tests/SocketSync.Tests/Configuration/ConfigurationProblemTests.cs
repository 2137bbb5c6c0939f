namespace SocketSync.Tests;

/// <summary>Broken configurations: each names the key by its full path, the value, and what is allowed.</summary>
public class ConfigurationProblemTests
{
    [Theory]
    // Unknown keys
    [InlineData("Listners:Default:Port=1", "Listners", null, "is not a known key; did you mean SocketSync:Listeners?")]
    [InlineData("Listeners:Default:Prot=1", "Listeners:Default:Prot", null, "did you mean SocketSync:Listeners:Default:Port?")]
    [InlineData("Resources:Default:Gate:MaxQueu=1", "Resources:Default:Gate:MaxQueu", null, "did you mean SocketSync:Resources:Default:Gate:MaxQueue?")]
    [InlineData("Resources:Default:Gate:Bananas=1", "Resources:Default:Gate:Bananas", null, "known are Hold, QuietTime, MaxHold, MaxQueue, MaxQueuePerAddress, EndOfStream, WaitTimeout, TurnTimeout")]
    [InlineData("Listeners:Default:Tls:Certificate:Pasword=geheim", "Listeners:Default:Tls:Certificate:Pasword", null, "did you mean SocketSync:Listeners:Default:Tls:Certificate:Password?")]
    [InlineData("Port=1", "Port", null, "is not a known key")]
    // Values of the wrong kind
    [InlineData("Listeners:Default:Port=abc", "Listeners:Default:Port", "abc", "must be a whole number from 0 to 65535")]
    [InlineData("Listeners:Default:Port=0x1F", "Listeners:Default:Port", "0x1F", "must be a whole number from 0 to 65535")]
    [InlineData("Listeners:Default:Port=", "Listeners:Default:Port", "", "must be a whole number from 0 to 65535")]
    [InlineData("Listeners:Default:Priority=Hihg", "Listeners:Default:Priority", "Hihg", "must be one of High, Normal, Low; did you mean High?")]
    [InlineData("Listeners:Default:Priority=1", "Listeners:Default:Priority", "1", "must be one of High, Normal, Low")]
    [InlineData("Listeners:Default:Priority=High,Low", "Listeners:Default:Priority", "High,Low", "must be one of High, Normal, Low")]
    [InlineData("Resources:Default:Gate:Hold=Forever", "Resources:Default:Gate:Hold", "Forever", "must be one of Request, Quiet, Connection")]
    [InlineData("Resources:Default:OnError=Shout", "Resources:Default:OnError", "Shout", "must be one of Reply, Close")]
    [InlineData("Resources:Default:Protocol:Name=LengthPrefixed; Resources:Default:Protocol:LittleEndian=yes", "Resources:Default:Protocol:LittleEndian", "yes", "must be true or false")]
    [InlineData("Resources:Default:Gate=5", "Resources:Default:Gate", null, "must be a section, not a value; its keys are Hold")]
    [InlineData("Listeners:Default:Port:Number=5", "Listeners:Default:Port", null, "must be one value, not a section or a list")]
    [InlineData("Listeners=56780", "Listeners", "56780", "must be a section that holds one section for each name")]
    [InlineData("Listeners:Default:AllowedNetworks=10.0.0.0/8", "Listeners:Default:AllowedNetworks", "10.0.0.0/8", "must be a list, such as [\"10.0.0.0/8\"]")]
    // Times
    [InlineData("Resources:Default:Gate:TurnTimeout=10", "Resources:Default:Gate:TurnTimeout", "10", "a bare number would be days")]
    [InlineData("Resources:Default:Gate:TurnTimeout=10:30", "Resources:Default:Gate:TurnTimeout", "10:30", "must be a time written hh:mm:ss[.fff], such as 00:00:10")]
    [InlineData("Resources:Default:Gate:TurnTimeout=10s", "Resources:Default:Gate:TurnTimeout", "10s", "must be a time written hh:mm:ss[.fff]")]
    [InlineData("Resources:Default:Gate:TurnTimeout=24:00:00", "Resources:Default:Gate:TurnTimeout", "24:00:00", "must be a time written hh:mm:ss[.fff]")]
    [InlineData("Resources:Default:Gate:WaitTimeout=0", "Resources:Default:Gate:WaitTimeout", "0", "from 00:00:00.001 to 24.00:00:00")]
    [InlineData("Resources:Default:Gate:QuietTime=00:00:00", "Resources:Default:Gate:QuietTime", "00:00:00", "from 00:00:00.001")]
    [InlineData("Resources:Default:Gate:MaxHold=-00:00:01", "Resources:Default:Gate:MaxHold", "-00:00:01", "from 00:00:00.001")]
    [InlineData("Listeners:Default:FrameTimeout=25.00:00:00", "Listeners:Default:FrameTimeout", "25.00:00:00", "to 24.00:00:00 (24 days)")]
    [InlineData("Listeners:Default:SendTimeout=00:00:00.0001", "Listeners:Default:SendTimeout", "00:00:00.0001", "from 00:00:00.001")]
    [InlineData("Listeners:Default:IdleTimeout=-00:00:01", "Listeners:Default:IdleTimeout", "-00:00:01", "or 0 to turn it off")]
    [InlineData("DrainTimeout=0", "DrainTimeout", "0", "from 00:00:00.001")]
    // Ranges
    [InlineData("Journal:Path=log; Journal:MaxBytes=1", "Journal:MaxBytes", "1", "must be a whole number from 4096 to 1099511627776")]
    [InlineData("Journal:Path=log; Journal:MaxBytes=1 GB", "Journal:MaxBytes", "1 GB", "must be a whole number from 4096")]
    [InlineData("Journal:MaxFiles=0", "Journal:MaxFiles", "0", "must be a whole number from 1 to 1000")]
    [InlineData("Listeners:Default:Port=65536", "Listeners:Default:Port", "65536", "must be a whole number from 0 to 65535")]
    [InlineData("Listeners:Default:Port=-1", "Listeners:Default:Port", "-1", "must be a whole number from 0 to 65535")]
    [InlineData("Listeners:Default:MaxConnections=0", "Listeners:Default:MaxConnections", "0", "must be a whole number of at least 1")]
    [InlineData("Resources:Default:Gate:MaxQueue=-1", "Resources:Default:Gate:MaxQueue", "-1", "must be a whole number of at least 0")]
    [InlineData("IoThreads=0", "IoThreads", "0", "must be a whole number from 1 to 64")]
    [InlineData("IoThreads=65", "IoThreads", "65", "must be a whole number from 1 to 64")]
    // Addresses
    [InlineData("DefaultAddress=lokalhost", "DefaultAddress", "lokalhost", "must be an IP address, \"localhost\" or \"*\"")]
    [InlineData("DefaultAddress=", "DefaultAddress", "", "must be an IP address, \"localhost\" or \"*\"")]
    [InlineData("Listeners:Default:Address=1", "Listeners:Default:Address", "1", "must be an IP address, \"localhost\" or \"*\"")]
    [InlineData("Listeners:Default:Address=127.0.0.1:80", "Listeners:Default:Address", "127.0.0.1:80", "must be an IP address")]
    [InlineData("Listeners:Default:Address=[::1]", "Listeners:Default:Address", "[::1]", "must be an IP address")]
    [InlineData("Listeners:Default:AllowedNetworks:0=10.1.2.3/8", "Listeners:Default:AllowedNetworks:0", "10.1.2.3/8", "write 10.0.0.0/8")]
    [InlineData("Listeners:Default:AllowedNetworks:1=2001:db8::1/33", "Listeners:Default:AllowedNetworks:1", "2001:db8::1/33", "write 2001:db8::/33")]
    [InlineData("Listeners:Default:AllowedNetworks:0=10.1.2.3", "Listeners:Default:AllowedNetworks:0", "10.1.2.3", "this one address is 10.1.2.3/32")]
    [InlineData("Listeners:Default:AllowedNetworks:0=10.0.0.0/33", "Listeners:Default:AllowedNetworks:0", "10.0.0.0/33", "is 0 to 32")]
    [InlineData("Listeners:Default:AllowedNetworks:0=everyone", "Listeners:Default:AllowedNetworks:0", "everyone", "must be a network in CIDR notation")]
    // Proxies
    [InlineData("Listeners:Default:ProxyProtocol=true", "Listeners:Default:TrustedProxies", null, "must be given with ProxyProtocol")]
    [InlineData("Listeners:Default:ProxyProtocol=true; Listeners:Default:TrustedProxies:0=", "Listeners:Default:TrustedProxies:0", "", "must be a network in CIDR notation")]
    [InlineData("Listeners:Default:ProxyProtocol=true; Listeners:Default:TrustedProxies=10.0.0.0/8", "Listeners:Default:TrustedProxies", "10.0.0.0/8", "must be a list")]
    [InlineData("Listeners:Default:ProxyProtocol=true; Listeners:Default:TrustedProxies:0=10.0.0.1", "Listeners:Default:TrustedProxies:0", "10.0.0.1", "this one address is 10.0.0.1/32")]
    [InlineData("Listeners:Default:ProxyProtocol=yes", "Listeners:Default:ProxyProtocol", "yes", "must be true or false")]
    [InlineData("Listeners:Default:ProxyProtocol=true; Listeners:Default:UnixSocket=/run/s", "Listeners:Default:ProxyProtocol", "true", "must be false with UnixSocket")]
    // Unix sockets
    [InlineData("Listeners:Default:UnixSocket=/run/s; Listeners:Default:Port=1", "Listeners:Default:Port", "1", "must not be given with UnixSocket")]
    [InlineData("Listeners:Default:UnixSocket=/run/s; Listeners:Default:Address=*", "Listeners:Default:Address", "*", "must not be given with UnixSocket")]
    [InlineData("Listeners:Default:UnixSocket=/run/s; Listeners:Default:AllowedNetworks:0=10.0.0.0/8", "Listeners:Default:AllowedNetworks:0", "10.0.0.0/8", "must not be given with UnixSocket")]
    [InlineData("Listeners:Default:UnixSocket=/run/s; Listeners:B:UnixSocket=/run/s; Listeners:B:Resource=Default", "Listeners:Default:UnixSocket", "/run/s", "must differ from that of listener B")]
    [InlineData("Listeners:Default:UnixSocket=/run/s; Listeners:Default:UnixSocketMode=rw", "Listeners:Default:UnixSocketMode", "rw", "must be the rights of a file in octal digits, such as 0660")]
    [InlineData("Listeners:Default:UnixSocket=/run/s; Listeners:Default:UnixSocketMode=1777", "Listeners:Default:UnixSocketMode", "1777", "must be the rights of a file in octal digits")]
    [InlineData("Listeners:Default:UnixSocketMode=0660", "Listeners:Default:UnixSocketMode", "0660", "is for a listener with UnixSocket")]
    // Datagrams
    [InlineData("Listeners:Default:Transport=Udp", "Listeners:Default:Transport", "Udp", "must be one of Stream, Datagram")]
    [InlineData("Listeners:Default:Transport=Datagram; Resources:Default:Gate:Hold=Quiet", "Listeners:Default:Transport", "Datagram", "must be Stream, since resource Default has Gate:Hold Quiet")]
    [InlineData("Listeners:Default:Transport=Datagram; Listeners:Default:ProxyProtocol=true; Listeners:Default:TrustedProxies:0=10.0.0.0/8", "Listeners:Default:ProxyProtocol", "true", "must be false with Transport Datagram")]
    // Routes
    [InlineData(Modbus + "Listeners:Default:Routes:0:Units=1", "Listeners:Default:Routes:0:Resource", null, "must be given: the resource that serves these units")]
    [InlineData(Modbus + "Listeners:Default:Routes:0:Resource=Default", "Listeners:Default:Routes:0:Units", null, "must be given: the units that go to this resource")]
    [InlineData(Modbus + "Listeners:Default:Routes:0:Units=1; Listeners:Default:Routes:0:Resource=Defalt", "Listeners:Default:Routes:0:Resource", "Defalt", "must be Default")]
    [InlineData(Modbus + "Listeners:Default:Routes:0:Units=1-256; Listeners:Default:Routes:0:Resource=Default", "Listeners:Default:Routes:0:Units", "1-256", "must be numbers from 0 to 255 and ranges of them")]
    [InlineData(Modbus + "Listeners:Default:Routes:0:Units=9-1; Listeners:Default:Routes:0:Resource=Default", "Listeners:Default:Routes:0:Units", "9-1", "must be numbers from 0 to 255")]
    [InlineData(Modbus + "Listeners:Default:Routes:0:Units=1,,2; Listeners:Default:Routes:0:Resource=Default", "Listeners:Default:Routes:0:Units", "1,,2", "must be numbers from 0 to 255")]
    [InlineData(Modbus + "Listeners:Default:Routes:0:Units=1-5; Listeners:Default:Routes:0:Resource=Default; Listeners:Default:Routes:3:Units=5-9; Listeners:Default:Routes:3:Resource=Default", "Listeners:Default:Routes:3:Units", "5-9", "names unit 5, which SocketSync:Listeners:Default:Routes:0 has already")]
    [InlineData(Modbus + "Listeners:Default:Routes:0:Units=1; Listeners:Default:Routes:0:Resource=Default; Listeners:Default:Resource=Default", "Listeners:Default:Resource", "Default", "must not be given with Routes")]
    [InlineData("Listeners:Default:Routes:0:Units=1; Listeners:Default:Routes:0:Resource=Default", "Listeners:Default:Routes", null, "are for clients of ModbusTcp, ModbusRtu and ModbusAscii, not of Raw")]
    // Names and places
    [InlineData("Listeners:A b:Resource=Default", "Listeners:A b", "A b", "a name consists of the letters A to Z, digits")]
    [InlineData("Resources:Default:OnError=Reply; Resources:x/y:OnError=Reply", "Resources:x/y", "x/y", "a name consists of the letters A to Z, digits")]
    [InlineData("Listeners:Default:Resource=Scope; Resources:Scop:OnError=Reply; Resources:Bench:OnError=Reply", "Listeners:Default:Resource", "Scope", "must be one of Bench, Scop; did you mean Scop?")]
    [InlineData("Listeners:Other:Port=1", "Listeners:Other:Resource", "Other", "the listener's own name, as none is given, is no resource; must be Default")]
    [InlineData("Listeners:A:Resource=Default; Listeners:B:Resource=Default", "Listeners:B:Port", "56780", "must differ from that of listener A: its address localhost and localhost overlap")]
    [InlineData("Listeners:A:Resource=Default; Listeners:A:Address=*; Listeners:B:Resource=Default", "Listeners:B:Port", "56780", "must differ from that of listener A")]
    [InlineData("Listeners:A:Resource=Default; Listeners:A:Address=0.0.0.0; Listeners:B:Resource=Default", "Listeners:B:Port", "56780", "must differ from that of listener A")]
    [InlineData("Listeners:A:Resource=Default; Listeners:A:Address=::1; Listeners:B:Resource=Default", "Listeners:B:Port", "56780", "must differ from that of listener A")]
    // Processors
    [InlineData("Resources:Default:Processor=Ecko", "Resources:Default:Processor", "Ecko", "must be one of Echo, Bench; did you mean Echo?")]
    [InlineData("Resources:Default:Processor=", "Resources:Default:Processor", "", "must be one of Echo, Bench")]
    // Protocols
    [InlineData("Resources:Default:Protocol:Name=Lines", "Resources:Default:Protocol:Name", "Lines", "must be one of Raw, Line, LengthPrefixed, FixedLength, Scpi, ModbusTcp, ModbusRtu, ModbusAscii; did you mean Line?")]
    [InlineData("Resources:Default:Protocol:Name=ModbusTcp; Resources:Default:Protocol:MaxRequestBytes=7", "Resources:Default:Protocol:MaxRequestBytes", "7", "must be at least 8, to hold the shortest frame")]
    [InlineData("Resources:Default:Protocol:Name=ModbusRtu; Resources:Default:Protocol:MaxRequestBytes=3", "Resources:Default:Protocol:MaxRequestBytes", "3", "must be at least 4, to hold the shortest frame")]
    [InlineData("Resources:Default:Protocol:Name=modbusAscii; Resources:Default:Protocol:MaxRequestBytes=8", "Resources:Default:Protocol:MaxRequestBytes", "8", "must be at least 9, to hold the shortest frame")]
    [InlineData("Resources:Default:Protocol:Name=ModbusRtu; Resources:Default:Protocol:Length=5", "Resources:Default:Protocol:Length", "5", "is a setting of FixedLength, not of ModbusRtu")]
    [InlineData("Resources:Default:Protocol:Name=Scpi; Resources:Default:Protocol:Delimiter=\\r\\n; Resources:Default:Protocol:MaxRequestBytes=1", "Resources:Default:Protocol:MaxRequestBytes", "1", "must be at least 2, to hold the delimiter")]
    [InlineData("Resources:Default:Protocol:Delimiter=;", "Resources:Default:Protocol:Delimiter", ";", "is a setting of Line and Scpi, not of Raw")]
    [InlineData("Resources:Default:Protocol:Name=Line; Resources:Default:Protocol:LengthBytes=2", "Resources:Default:Protocol:LengthBytes", "2", "is a setting of LengthPrefixed, not of Line")]
    [InlineData("Resources:Default:Protocol:Name=Line; Resources:Default:Protocol:Delimiter=", "Resources:Default:Protocol:Delimiter", "", "must be one character or more")]
    [InlineData("Resources:Default:Protocol:Name=Line; Resources:Default:Protocol:Delimiter=\\q", "Resources:Default:Protocol:Delimiter", "\\q", @"escapes \r \n \t \0 \xNN \\")]
    [InlineData("Resources:Default:Protocol:Name=Line; Resources:Default:Protocol:Delimiter=\\r\\n; Resources:Default:Protocol:MaxRequestBytes=1", "Resources:Default:Protocol:MaxRequestBytes", "1", "must be at least 2, to hold the delimiter")]
    [InlineData("Resources:Default:Protocol:Name=LengthPrefixed; Resources:Default:Protocol:LengthBytes=3", "Resources:Default:Protocol:LengthBytes", "3", "must be one of 1, 2, 4")]
    [InlineData("Resources:Default:Protocol:Name=LengthPrefixed; Resources:Default:Protocol:LengthBytes=4; Resources:Default:Protocol:MaxRequestBytes=3", "Resources:Default:Protocol:MaxRequestBytes", "3", "must be at least 4, to hold the length header")]
    [InlineData("Resources:Default:Protocol:Name=FixedLength", "Resources:Default:Protocol:Length", null, "must be given with FixedLength")]
    [InlineData("Resources:Default:Protocol:Name=FixedLength; Resources:Default:Protocol:Length=0", "Resources:Default:Protocol:Length", "0", "must be a whole number from 1 to 1073741824")]
    [InlineData("Resources:Default:Protocol:Name=FixedLength; Resources:Default:Protocol:Length=65537", "Resources:Default:Protocol:Length", "65537", "must be at most MaxRequestBytes, which is 65536")]
    [InlineData("Resources:Default:Protocol:MaxRequestBytes=0", "Resources:Default:Protocol:MaxRequestBytes", "0", "must be a whole number from 1 to 1073741824")]
    [InlineData("Resources:Default:Protocol:MaxRequestBytes=1073741825", "Resources:Default:Protocol:MaxRequestBytes", "1073741825", "must be a whole number from 1 to 1073741824")]
    [InlineData("Listeners:Default:Protocol:MaxRequestBytes=5", "Listeners:Default:Protocol:Name", null, "must be given; a listener's protocol takes nothing from the resource's")]
    [InlineData("Listeners:Default:Protocol:Name=Raw; Listeners:Default:Protocol:Length=5", "Listeners:Default:Protocol:Length", "5", "is a setting of FixedLength, not of Raw")]
    [InlineData("Resources:Default:Link:Tcp:Host=a", "Resources:Default:Link", null, "is for the processors Relay and Tunnel, not for Echo")]
    [InlineData("Plugins=plugins/Bench.dll", "Plugins", "plugins/Bench.dll", "must be a list, such as [\"plugins/Bench.dll\"]")]
    [InlineData("Plugins:0=", "Plugins:0", "", "must not be empty")]
    [InlineData("Plugins:Path=a.dll", "Plugins:Path", null, "SocketSync:Plugins is a list, whose entries are numbered from 0")]
    [InlineData("Admin:Token=0123456789abcde", "Admin:Token", null, "must be 16 to 512 characters")]
    [InlineData("Admin:Token=0123456789 abcdef", "Admin:Token", null, "without spaces")]
    [InlineData("Admin:Token=0123456789abcdéf", "Admin:Token", null, "of ASCII")]
    [InlineData("Admin:Tokn=0123456789abcdef", "Admin:Tokn", null, "did you mean SocketSync:Admin:Token?")]
    // TLS
    [InlineData("Listeners:Default:Tls:ClientCertificate=None", "Listeners:Default:Tls:Certificate:Path", null, "must be given: the path of a PEM or PFX file")]
    [InlineData("Listeners:Default:Tls:Certificate:Path=/nowhere/a.pem", "Listeners:Default:Tls:Certificate:Path", "/nowhere/a.pem", "does not exist")]
    public void OneFaultIsOneProblem(string keys, string key, string? value, string allowed)
    {
        var result = ConfigurationText.Read(ConfigurationText.Keys(keys), "Bench");

        var problem = Assert.Single(result.Problems);
        Assert.Equal("SocketSync:" + key, problem.Key);
        Assert.Equal(value, problem.Value);
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
    }

    private const string Modbus = "Resources:Default:Protocol:Name=ModbusTcp; ";

    [Fact]
    public void EveryFaultIsToldAtOnce()
    {
        var result = ConfigurationText.Read(ConfigurationText.Keys(
            "Listners:X=1; Listeners:Default:Port=99999; Listeners:Default:IdleTimeout=5; Resources:Default:Gate:MaxQueue=many; Resources:Default:Processor=Nobody"));

        Assert.Equal(
            [
                "SocketSync:Listeners:Default:IdleTimeout", "SocketSync:Listeners:Default:Port", "SocketSync:Listners",
                "SocketSync:Resources:Default:Gate:MaxQueue", "SocketSync:Resources:Default:Processor",
            ],
            result.Problems.Select(p => p.Key).Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [Fact]
    public void AMisspeltSectionIsTold()
    {
        var result = ConfigurationText.Read(ConfigurationText.Json("""{ "SocketSynk": { "IoThreads": 2 } }"""));
        Assert.Equal("SocketSynk: is not a known section; did you mean SocketSync?", Assert.Single(result.Problems).ToString());
    }

    [Fact]
    public void ASectionThatStandsAtTheTopIsToldWhereItBelongs()
    {
        var result = ConfigurationText.Read(ConfigurationText.Json("""
            { "listeners": { "Default": { "Port": 1 } }, "Resources": { "Default": { } }, "Admin": { "Token": "of something else" } }
            """));
        Assert.Equal(
            ["listeners: belongs under section SocketSync, as SocketSync:listeners", "Resources: belongs under section SocketSync, as SocketSync:Resources"],
            result.Problems.Select(p => p.ToString()), StringComparer.Ordinal);
    }

    [Fact]
    public void AProblemIsOneLineWhateverTheValue()
    {
        var problem = new ConfigurationProblem("SocketSync:A", "x\r\nfaked: line\u001b[2J" + new string('y', 1000), "must be B");
        Assert.StartsWith(@"SocketSync:A: 'x\r\nfaked: line\u001B[2J", problem.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("…': must be B", problem.ToString(), StringComparison.Ordinal);
        Assert.InRange(problem.ToString().Length, 0, 300);
    }
}
