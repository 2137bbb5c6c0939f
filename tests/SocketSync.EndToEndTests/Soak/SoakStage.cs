using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>
/// One server with everything: four ways in to a device on TCP, a Modbus device, one on a serial line, a program, leases, and a
/// resource that nobody does anything bad to.
/// </summary>
internal sealed class SoakStage : IAsyncDisposable
{
    /// <summary>The resource, and its listener, that are left in peace.</summary>
    public const string Reference = "Reference";

    private readonly TestFiles _files = new();
    private readonly TestAuthority _authority = new("SocketSync soak authority");
    private readonly int _seed;
    private SerialPair? _line;
    private SoakSerialDevice? _serial;
    private SoakProgram? _program;
    private ServerProcess? _server;

    private SoakStage(int seed) => _seed = seed;

    public ServerProcess Server => _server!;

    /// <summary>What may be paused.</summary>
    public static string[] Resources { get; } = ["Lines", "Modbus", "Serial", "Program", "Leased"];

    // A long reply that came twice would still be on its way when the next request is written, and lines have no id: nobody could tell.
    public ScriptedDevice LineDevice { get; } = new(new LineDialect(), service =>
        service.Request.Length > 1000 ? service.AnswerInHalvesAsync(TimeSpan.FromMilliseconds(5)) : Misbehaviour.WithoutIds.ServeAsync(service));

    public ScriptedDevice ModbusDevice { get; } = new(new ModbusTcpDialect(), Misbehaviour.WithIds.ServeAsync);

    public SoakLedger Lines { get; } = new("Lines");

    public SoakLedger Modbus { get; } = new("Modbus");

    public SoakLedger Serial { get; } = new("Serial");

    public SoakLedger Program { get; } = new("Program");

    public static async Task<SoakStage> SetAsync(int seed)
    {
        var stage = new SoakStage(seed);
        stage._line = await SerialPair.OpenAsync();
        stage._serial = new(stage._line.FarPath, seed);
        stage._program = new(stage._files["program.log"]);
        using (var certificate = stage._authority.Issue("localhost"))
        {
            stage._files.Write("server.pem", certificate.ExportCertificatePem());
            stage._files.Write("server.key", TestAuthority.KeyPem(certificate));
        }

        stage._server = await ServerProcess.StartAsync(stage.Settings(new Random(seed)));
        return stage;
    }

    /// <summary>The ways in to resource Lines.</summary>
    public async Task<SoakDoor[]> DoorsAsync()
    {
        var listeners = (await Server.StatusAsync()).Listeners;
        return
        [
            SoakDoor.Tcp(listeners["Lines"].Port), SoakDoor.Tls(listeners["Tls"].Port, _authority), SoakDoor.Proxy(listeners["Proxy"].Port),
            SoakDoor.Unix(_files["gate"]),
        ];
    }

    /// <summary>The configuration, with other times, and other lengths of the line, each time.</summary>
    public string Settings(Random random) => $$"""
        {{Operator.Setting}}
        "Listeners": {
          "Lines": { "Port": 0 },
          "Tls": { "Port": 0, "Resource": "Lines", "Tls": { "Certificate": { "Path": {{Json("server.pem")}}, "KeyPath": {{Json("server.key")}} } } },
          "Proxy": { "Port": 0, "Resource": "Lines", "Priority": "High", "ProxyProtocol": true, "TrustedProxies": ["127.0.0.1/32"] },
          "Unix": { "UnixSocket": {{Json("gate")}}, "Resource": "Lines", "Priority": "Low" },
          "Modbus": { "Port": 0 }, "Serial": { "Port": 0 }, "Program": { "Port": 0 }, "Leased": { "Port": 0 }, "{{Reference}}": { "Port": 0 }
        },
        "Resources": {
          "Lines": { "Processor": "Relay", "Protocol": { "Name": "Line" }, {{Gate(random, 12)}}, "Link": { {{RelaySettings.Quick(LineDevice)}} } },
          "Modbus": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, {{Gate(random, 4)}}, "Link": { {{RelaySettings.Quick(ModbusDevice)}} } },
          "Serial": { "Processor": "Relay", "Protocol": { "Name": "Line" }, {{Gate(random, 4)}}, "Link": {
            "Serial": { "Device": {{JsonSerializer.Serialize(_line!.Near)}} }, "ReplyTimeout": "00:00:00.{{SoakSerialDevice.ReplyTimeout}}" } },
          "Program": { "Processor": "Relay", "Protocol": { "Name": "Line" }, {{Gate(random, 4)}}, "Link": { {{RelaySettings.Quick(_program!.Link)}} } },
          "Leased": { "Protocol": { "Name": "Line" }, "Gate": { "Hold": "Connection", "MaxHold": "00:00:0{{random.Next(1, 4)}}" } },
          "{{Reference}}": { "Protocol": { "Name": "Line" } }
        }
        """;

    /// <summary>Holds what everybody was told against what the devices did.</summary>
    public void Settle()
    {
        LineDevice.AssertOneAtATime();
        ModbusDevice.AssertOneAtATime();
        Lines.Settle(LineDevice.TakeServices().Select(s => (s.Key, s.Fate)));
        Modbus.Settle(ModbusDevice.TakeServices().Select(s => (s.Key, s.Fate)));
        Serial.Settle(_serial!.TakeExecuted());
        Program.Settle(_program!.TakeExecuted());
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        if (_line is not null) await _line.DisposeAsync();
        await LineDevice.DisposeAsync();
        await ModbusDevice.DisposeAsync();
        _authority.Dispose();
        _files.Dispose();
    }

    private static string Gate(Random random, int line) => $$"""
        "Gate": { "MaxQueue": {{line + random.Next(3)}}, "WaitTimeout": "00:00:0{{random.Next(2, 5)}}", "TurnTimeout": "00:00:0{{random.Next(3, 6)}}" }
        """;

    private string Json(string file) => JsonSerializer.Serialize(_files[file]);
}
