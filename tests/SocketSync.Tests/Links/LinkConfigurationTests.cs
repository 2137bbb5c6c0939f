using System.IO.Ports;

namespace SocketSync.Tests;

public class LinkConfigurationTests
{
    private const string Prefix = "SocketSync:Resources:Default:Link";
    private const string Relay = "Resources:Default:Processor=Relay; ";
    private const string Tcp = Relay + "Resources:Default:Link:Tcp:Host=192.0.2.10; Resources:Default:Link:Tcp:Port=502; ";

    private const string Line = Relay + "Resources:Default:Link:Serial:Device=/dev/x; ";
    private const string Rtu = Line + "Resources:Default:Protocol:Name=ModbusRtu; ";

    private const string ModbusTcp = Tcp + "Resources:Default:Protocol:Name=ModbusTcp; ";

    [Fact]
    public void WhatIsNotGivenIsTheDefault()
    {
        var link = ConfigurationText.Valid(ConfigurationText.Keys(Tcp), "Relay").Resources["Default"].Link!;
        Assert.Equal(new LinkOptions { Tcp = new() { Host = "192.0.2.10", Port = 502 }, Units = link.Units }, link);
        Assert.Empty(link.Units);
    }

    [Fact]
    public void WhatIsGivenIsRead()
    {
        var configuration = ConfigurationText.Json("""
            {
              "SocketSync": {
                "Resources": {
                  "Default": {
                    "Processor": "tunnel",
                    "Link": {
                      "Serial": { "Device": "/dev/ttyUSB0", "BaudRate": 19200, "DataBits": 7, "Parity": "even", "StopBits": "Two", "Handshake": "xonxoff" },
                      "Protocol": { "Name": "raw" }, "ReplyTimeout": "00:00:01", "IdleTimeout": "0", "MaxReplyBytes": 10
                    }
                  },
                  "Script": {
                    "Processor": "Relay",
                    "Link": { "Process": { "FileName": "python3", "Arguments": ["a", "b c"], "WorkingDirectory": null, "Environment": { "A": "1", "B": "" } } }
                  }
                }
              }
            }
            """);
        var resources = ConfigurationText.Valid(configuration, "Relay", "Tunnel").Resources;

        var line = resources["Default"].Link!;
        Assert.Equal(
            new SerialLinkOptions
            {
                Device = "/dev/ttyUSB0", BaudRate = 19200, DataBits = 7, Parity = Parity.Even, StopBits = StopBits.Two, Handshake = Handshake.XOnXOff,
            },
            line.Serial);
        Assert.Equal(("Raw", TimeSpan.FromSeconds(1), TimeSpan.Zero, 10), (line.Protocol!.Name, line.ReplyTimeout, line.IdleTimeout, line.MaxReplyBytes));
        var process = resources["Script"].Link!.Process!;
        Assert.Equal(("python3", null), (process.FileName, process.WorkingDirectory));
        Assert.Equal(["a", "b c"], process.Arguments, StringComparer.Ordinal);
        Assert.Equal("1", process.Environment["A"]);
        Assert.Equal("", process.Environment["B"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Resources:Default:Processor=Bench")]
    public void OtherProcessorsNeedNoLink(string keys) => Assert.Null(ConfigurationText.Valid(ConfigurationText.Keys(keys), "Bench").Resources.Values.Single().Link);

    [Theory]
    // The kind
    [InlineData(Relay, "", null, "must hold one of Tcp, Serial, Process, Udp, Rfc2217: the way to the device")]
    [InlineData(Tcp + "Resources:Default:Link:Process:FileName=cat", ":Process", null, "must not be given with Tcp")]
    [InlineData("Resources:Default:Link:ReplyTimeout=00:00:01", "", null, "is for the processors Relay and Tunnel, not for Echo")]
    [InlineData(Relay + "Resources:Default:Link:Can:Host=a; Resources:Default:Link:Tcp:Host=a; Resources:Default:Link:Tcp:Port=1", ":Can", null, "is not a known key; known are Tcp, Serial, Process")]
    [InlineData(Tcp + "Resources:Default:Link:Udp:Host=a; Resources:Default:Link:Udp:Port=1", ":Udp", null, "must not be given with Tcp; a link is one of Tcp, Serial, Process, Udp, Rfc2217")]
    [InlineData("Resources:Default:Processor=Tunnel; Resources:Default:Link:Udp:Host=a; Resources:Default:Link:Udp:Port=1", ":Udp", null, "is not for the processor Tunnel")]
    // What each needs
    [InlineData(Relay + "Resources:Default:Link:Tcp:Port=502", ":Tcp:Host", null, "must be given: the device's name or IP address")]
    [InlineData(Relay + "Resources:Default:Link:Tcp:Host=a", ":Tcp:Port", null, "must be given: the port")]
    [InlineData(Relay + "Resources:Default:Link:Tcp:Host=a:502; Resources:Default:Link:Tcp:Port=502", ":Tcp:Host", "a:502", "must be a host's name or an IP address, without a port")]
    [InlineData(Relay + "Resources:Default:Link:Tcp:Host=; Resources:Default:Link:Tcp:Port=502", ":Tcp:Host", "", "must be a host's name or an IP address")]
    [InlineData(Relay + "Resources:Default:Link:Tcp:Host=a; Resources:Default:Link:Tcp:Port=0", ":Tcp:Port", "0", "must be a whole number from 1 to 65535")]
    [InlineData(Relay + "Resources:Default:Link:Tcp:Host=a; Resources:Default:Link:Tcp:Port=65536", ":Tcp:Port", "65536", "must be a whole number from 1 to 65535")]
    [InlineData(Relay + "Resources:Default:Link:Udp:Port=502", ":Udp:Host", null, "must be given: the device's name or IP address")]
    [InlineData(Relay + "Resources:Default:Link:Udp:Host=a", ":Udp:Port", null, "must be given: the port")]
    [InlineData(Relay + "Resources:Default:Link:Udp:Host=a; Resources:Default:Link:Udp:Port=65536", ":Udp:Port", "65536", "must be a whole number from 1 to 65535")]
    [InlineData(Tcp + "Resources:Default:Link:Tcp:Tls=yes", ":Tcp:Tls", "yes", "must be true or false")]
    [InlineData(Relay + "Resources:Default:Link:Serial:Device=/dev/x; Resources:Default:Protocol:Name=modbusTcp", ":Protocol:Name", null, "must be given, such as ModbusRtu")]
    [InlineData(Relay + "Resources:Default:Link:Serial:BaudRate=9600", ":Serial:Device", null, "must be given: the line's path")]
    [InlineData(Relay + "Resources:Default:Link:Serial:Device=", ":Serial:Device", "", "must not be empty")]
    [InlineData(Relay + "Resources:Default:Link:Serial:Device=/dev/x; Resources:Default:Link:Serial:BaudRate=0", ":Serial:BaudRate", "0", "must be a whole number of at least 1")]
    [InlineData(Relay + "Resources:Default:Link:Serial:Device=/dev/x; Resources:Default:Link:Serial:DataBits=9", ":Serial:DataBits", "9", "must be a whole number from 5 to 8")]
    [InlineData(Relay + "Resources:Default:Link:Serial:Device=/dev/x; Resources:Default:Link:Serial:Parity=Evn", ":Serial:Parity", "Evn", "must be one of None, Odd, Even, Mark, Space; did you mean Even?")]
    [InlineData(Relay + "Resources:Default:Link:Serial:Device=/dev/x; Resources:Default:Link:Serial:StopBits=None", ":Serial:StopBits", "None", "must be one of One, OnePointFive, Two")]
    [InlineData(Relay + "Resources:Default:Link:Serial:Device=/dev/x; Resources:Default:Link:Serial:StopBits=1", ":Serial:StopBits", "1", "must be one of ")]
    [InlineData(Relay + "Resources:Default:Link:Serial:Device=/dev/x; Resources:Default:Link:Serial:Handshake=CTS", ":Serial:Handshake", "CTS", "must be one of None, XOnXOff, RequestToSend, RequestToSendXOnXOff")]
    [InlineData(Relay + "Resources:Default:Link:Process:Arguments:0=x", ":Process:FileName", null, "must be given: the program to start")]
    [InlineData(Relay + "Resources:Default:Link:Process:FileName=", ":Process:FileName", "", "must not be empty")]
    [InlineData(Relay + "Resources:Default:Link:Process:FileName=cat; Resources:Default:Link:Process:Environment=A", ":Process:Environment", "A", "must be a section that holds one value for each name")]
    [InlineData(Relay + "Resources:Default:Link:Process:FileName=cat; Resources:Default:Link:Process:Environment:A:B=1", ":Process:Environment:A", null, "must be one value, not a section or a list")]
    // Times and sizes
    [InlineData(Tcp + "Resources:Default:Link:ConnectTimeout=0", ":ConnectTimeout", "0", "from 00:00:00.001")]
    [InlineData(Tcp + "Resources:Default:Link:ReplyTimeout=0", ":ReplyTimeout", "0", "from 00:00:00.001")]
    [InlineData(Tcp + "Resources:Default:Link:ReplyQuietTime=0", ":ReplyQuietTime", "0", "from 00:00:00.001")]
    [InlineData(Tcp + "Resources:Default:Link:ReconnectDelay=0", ":ReconnectDelay", "0", "from 00:00:00.001")]
    [InlineData(Tcp + "Resources:Default:Link:MaxReconnectDelay=0", ":MaxReconnectDelay", "0", "from 00:00:00.001")]
    [InlineData(Tcp + "Resources:Default:Link:MaxReconnectDelay=00:00:00.050", ":MaxReconnectDelay", "00:00:00.0500000", "must be at least ReconnectDelay, which is 00:00:00.1000000")]
    [InlineData(Tcp + "Resources:Default:Link:IdleTimeout=-00:00:01", ":IdleTimeout", "-00:00:01", "or 0 to turn it off")]
    [InlineData(Tcp + "Resources:Default:Link:MaxReplyBytes=0", ":MaxReplyBytes", "0", "from 1 to 1073741824")]
    [InlineData(Tcp + "Resources:Default:Link:MaxReplyBytes=1073741825", ":MaxReplyBytes", "1073741825", "from 1 to 1073741824")]
    // Protocols and units
    [InlineData(Tcp + "Resources:Default:Link:Protocol:Name=Line", ":Protocol:Name", "Line", "clients of Raw cannot be served by a device of Line; only ModbusTcp, ModbusRtu and ModbusAscii are translated into one another")]
    [InlineData(Tcp + "Resources:Default:Link:Protocol:Name=Lin", ":Protocol:Name", "Lin", "did you mean Line?")]
    [InlineData(Tcp + "Resources:Default:Link:Protocol:MaxRequestBytes=5", ":Protocol:Name", null, "must be given; a device's protocol takes nothing from the clients'")]
    [InlineData(Tcp + "Resources:Default:Link:Units:1=0", ":Units", null, "is for the protocols ModbusTcp, ModbusRtu and ModbusAscii, not for Raw")]
    [InlineData(Tcp + "Resources:Default:Protocol:Name=Line; Resources:Default:Link:Protocol:Name=Line; Resources:Default:Link:Protocol:Delimiter=;", ":Protocol:Name", "Line", "must have the settings of the clients' Line")]
    // Units that rest, and lines that echo
    [InlineData(Tcp + "Resources:Default:Link:Rest:After=5", ":Rest", null, "is for the protocols ModbusTcp, ModbusRtu and ModbusAscii, not for Raw")]
    [InlineData(ModbusTcp + "Resources:Default:Link:Rest:After=-1", ":Rest:After", "-1", "must be a whole number of at least 0")]
    [InlineData(ModbusTcp + "Resources:Default:Link:Rest:First=0", ":Rest:First", "0", "from 00:00:00.001")]
    [InlineData(ModbusTcp + "Resources:Default:Link:Rest:Most=00:00:04", ":Rest:Most", "00:00:04", "must be at least First, which is 00:00:05")]
    [InlineData(ModbusTcp + "Resources:Default:Link:Rest:Fist=00:00:04", ":Rest:Fist", null, "did you mean")]
    [InlineData(Tcp + "Resources:Default:Link:LocalEcho=true", ":LocalEcho", "True", "a link without Serial has none")]
    [InlineData(Tcp + "Resources:Default:Link:LocalEcho=yes", ":LocalEcho", "yes", "must be true or false")]
    [InlineData("Resources:Default:Processor=Tunnel; Resources:Default:Link:Serial:Device=/dev/x; Resources:Default:Link:LocalEcho=true", ":LocalEcho", "True", "is not for the processor Tunnel")]
    // Reads that are asked again, and the direction of an RS-485 line
    [InlineData(ModbusTcp + "Resources:Default:Link:ReadRetries=2", ":ReadRetries", "2", "a link without Serial asks once")]
    [InlineData(Line + "Resources:Default:Link:ReadRetries=2", ":ReadRetries", "2", "is for the protocols ModbusRtu and ModbusAscii, not for Raw")]
    [InlineData(Rtu + "Resources:Default:Link:ReadRetries=-1", ":ReadRetries", "-1", "must be a whole number from 0 to 100")]
    [InlineData(Tcp + "Resources:Default:Link:Rs485:RtsOnSend=true", ":Rs485", null, "a link without Serial has none")]
    [InlineData(Line + "Resources:Default:Link:Rs485:RtsOnSend=yes", ":Rs485:RtsOnSend", "yes", "must be true or false")]
    [InlineData(Line + "Resources:Default:Link:Rs485:DelayBeforeSend=00:00:00.101", ":Rs485:DelayBeforeSend", "00:00:00.101", "from 00:00:00.001 to 00:00:00.100, or 0 to turn it off")]
    [InlineData(Line + "Resources:Default:Link:Serial:Handshake=RequestToSend; Resources:Default:Link:Rs485:RtsOnSend=true", ":Serial:Handshake", "RequestToSend", "must not be given with Rs485")]
    [InlineData(Tcp + "Resources:Default:Protocol:Name=FixedLength; Resources:Default:Protocol:Length=9; Resources:Default:Link:MaxReplyBytes=8", ":MaxReplyBytes", "8", "must be at least 9, to hold the smallest reply of FixedLength")]
    public void OneFaultIsOneProblem(string keys, string key, string? value, string allowed)
    {
        var problem = Assert.Single(ConfigurationText.Read(ConfigurationText.Keys(keys), "Relay", "Tunnel").Problems);
        Assert.Equal(Prefix + key, problem.Key);
        Assert.Equal(value, problem.Value);
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void ATunnelNeedsStreams()
    {
        var problem = Assert.Single(ConfigurationText.Read(
            ConfigurationText.Keys("Listeners:Default:Transport=Datagram; Resources:Default:Processor=Tunnel; Resources:Default:Link:Process:FileName=cat"), "Relay", "Tunnel").Problems);
        Assert.Equal("SocketSync:Listeners:Default:Transport: 'Datagram': must be Stream, since resource Default has the processor Tunnel, which connects two streams", problem.ToString());
    }

    [Fact]
    public void ATunnelPassesBytesAsTheyCome()
    {
        var keys = "Resources:Default:Processor=Tunnel; Resources:Default:Protocol:Name=Line; Resources:Default:Link:Process:FileName=cat";
        Assert.Equal(
            "SocketSync:Resources:Default:Protocol:Name: 'Line': must be Raw with the processor Tunnel, which passes bytes as they come",
            Assert.Single(ConfigurationText.Read(ConfigurationText.Keys(keys), "Relay", "Tunnel").Problems).ToString());
    }

    [Fact]
    public void AListenersOwnProtocolMustBeTheDevicesToo()
    {
        var result = ConfigurationText.Read(ConfigurationText.Keys(Tcp + "Listeners:Default:Protocol:Name=Line"), "Relay");
        Assert.Equal(
            "SocketSync:Listeners:Default:Protocol:Name: 'Line': clients of Line cannot be served by a device of Raw; only ModbusTcp, ModbusRtu and ModbusAscii are translated into one another",
            Assert.Single(result.Problems).ToString());
    }

    [Fact]
    public void AnyTwoFramingsOfModbusAreBroughtTogether()
    {
        string[] framings = ["ModbusTcp", "ModbusRtu", "modbusascii"];
        foreach (var (clients, device) in framings.SelectMany(clients => framings.Select(device => (clients, device))))
        {
            var keys = $"{Tcp}Resources:Default:Protocol:Name={clients}; Resources:Default:Link:Protocol:Name={device}; Resources:Default:Link:Units:7=1";
            Assert.Empty(ConfigurationText.Read(ConfigurationText.Keys(keys), "Relay").Problems);
        }
    }

    [Fact]
    public void ASerialLineSpeaksModbusAsciiOfItself() =>
        Assert.Empty(ConfigurationText.Read(
            ConfigurationText.Keys(Relay + "Resources:Default:Link:Serial:Device=/dev/x; Resources:Default:Protocol:Name=ModbusAscii"), "Relay").Problems);

    [Theory]
    [InlineData("Units:1=0; Resources:Default:Link:Units:255=255", null)]
    [InlineData("Units:256=0", "256")]
    [InlineData("Units:one=0", "one")]
    [InlineData("Units:1=256", "1")]
    [InlineData("Units:1=-1", "1")]
    public void UnitsAreBytes(string units, string? faulty)
    {
        var keys = $"{Tcp}Resources:Default:Protocol:Name=ModbusTcp; Resources:Default:Link:Protocol:Name=ModbusRtu; Resources:Default:Link:{units}";
        var problems = ConfigurationText.Read(ConfigurationText.Keys(keys), "Relay").Problems;
        Assert.Equal(faulty is null ? [] : [$"{Prefix}:Units:{faulty}"], problems.Select(p => p.Key), StringComparer.Ordinal);
    }

    [Fact]
    public void TimesAndLimitsChangeWhileItRunsAndTheDeviceDoesNot()
    {
        var running = ConfigurationText.Valid(ConfigurationText.Keys(Tcp), "Relay");
        var next = ConfigurationText.Valid(
            ConfigurationText.Keys(Tcp.Replace("502", "503", StringComparison.Ordinal) + "Resources:Default:Link:ReplyTimeout=00:00:09"), "Relay");

        var changes = ConfigurationChanges.Between(running, next);

        Assert.Equal(["Default"], changes.Applied, StringComparer.Ordinal);
        Assert.Equal(["SocketSync:Resources:Default (Link:Tcp)"], changes.NeedsRestart, StringComparer.Ordinal);
        Assert.Equal((502, TimeSpan.FromSeconds(9)), (changes.Options.Resources["Default"].Link!.Tcp!.Port, changes.Options.Resources["Default"].Link!.ReplyTimeout));
    }

    [Fact]
    public void RestAndLocalEchoAreReadAndChangeWhileItRuns()
    {
        var running = ConfigurationText.Valid(ConfigurationText.Keys(Rtu), "Relay");
        var next = ConfigurationText.Valid(
            ConfigurationText.Keys(Rtu + "Resources:Default:Link:LocalEcho=true; Resources:Default:Link:Rest:After=0; Resources:Default:Link:Rest:Most=00:00:07"), "Relay");
        Assert.Equal(new RestOptions { After = 3, First = TimeSpan.FromSeconds(5), Most = TimeSpan.FromSeconds(60) }, running.Resources["Default"].Link!.Rest);

        var changes = ConfigurationChanges.Between(running, next);

        Assert.Equal(["Default"], changes.Applied, StringComparer.Ordinal);
        Assert.Empty(changes.NeedsRestart);
        var link = changes.Options.Resources["Default"].Link!;
        Assert.True(link.LocalEcho);
        Assert.Equal(new RestOptions { After = 0, Most = TimeSpan.FromSeconds(7) }, link.Rest);
    }

    [Fact]
    public void RetriesChangeWhileItRunsAndTheWayToTheDeviceDoesNot()
    {
        var running = ConfigurationText.Valid(ConfigurationText.Keys(Rtu), "Relay");
        var next = ConfigurationText.Valid(
            ConfigurationText.Keys(Rtu + "Resources:Default:Link:ReadRetries=2; Resources:Default:Link:Rs485:RtsOnSend=false; Resources:Default:Link:Rs485:DelayAfterSend=00:00:00.002"), "Relay");
        Assert.Equal(new Rs485Options { RtsOnSend = false, DelayAfterSend = TimeSpan.FromMilliseconds(2) }, next.Resources["Default"].Link!.Rs485);
        Assert.Null(running.Resources["Default"].Link!.Rs485);

        var changes = ConfigurationChanges.Between(running, next);

        Assert.Equal(["Default"], changes.Applied, StringComparer.Ordinal);
        Assert.Equal(["SocketSync:Resources:Default (Link:Rs485)"], changes.NeedsRestart, StringComparer.Ordinal);
        var link = changes.Options.Resources["Default"].Link!;
        Assert.Equal((2, null), (link.ReadRetries, link.Rs485));
    }

    [Fact]
    public void AnotherUdpDeviceNeedsARestart()
    {
        const string Udp = Relay + "Resources:Default:Protocol:Name=ModbusTcp; Resources:Default:Link:Udp:Host=a; Resources:Default:Link:Udp:Port=";
        var running = ConfigurationText.Valid(ConfigurationText.Keys(Udp + "502"), "Relay");
        var changes = ConfigurationChanges.Between(running, ConfigurationText.Valid(ConfigurationText.Keys(Udp + "503"), "Relay"));
        Assert.Equal(["SocketSync:Resources:Default (Link:Udp)"], changes.NeedsRestart, StringComparer.Ordinal);
        Assert.Equal(502, changes.Options.Resources["Default"].Link!.Udp!.Port);
    }

    [Fact]
    public void NoDirectionControlIsWrittenAsNull() =>
        Assert.Null(ConfigurationText.Valid(
            ConfigurationText.Json("""
                { "SocketSync": { "Resources": { "Default": { "Processor": "Relay", "Link": { "Serial": { "Device": "/dev/x" }, "Rs485": null } } } } }
                """), "Relay").Resources["Default"].Link!.Rs485);

    [Fact]
    public void ReadAgainWithoutAChangeNothingHasChanged()
    {
        const string Keys = Relay + "Resources:Default:Link:Process:FileName=cat; Resources:Default:Link:Process:Arguments:0=x; Resources:Default:Link:Process:Environment:A=1";
        var changes = ConfigurationChanges.Between(
            ConfigurationText.Valid(ConfigurationText.Keys(Keys), "Relay"), ConfigurationText.Valid(ConfigurationText.Keys(Keys), "Relay"));
        Assert.Empty(changes.Applied);
        Assert.Empty(changes.NeedsRestart);
    }
}
