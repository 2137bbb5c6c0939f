namespace SocketSync.Tests;

public class ConfigurationReaderTests
{
    /// <summary>The example of the documentation, comments and all.</summary>
    internal const string Example = """
        {
          "SocketSync": {
            "DefaultAddress": "localhost",   // for every listener, and the HTTP endpoint, that names none
            "Listeners": {
              "Default": {
                "Address": null,             // [DefaultAddress] an IP, "localhost" or "*" (any IPv4 and IPv6)
                "Port": 56780,               // [56780] 1-65535; 0 picks a free port, logged and shown in the status
                "UnixSocket": null,          // a path, in place of Address and Port
                "Resource": "Default",       // [the listener's own name]
                "Protocol": null,            // [the resource's] see 3
                "Priority": "Normal",        // High | Normal | Low
                "MaxConnections": 1000,      // over it: the new connection is closed at once, counted
                "AllowedNetworks": [],       // CIDR list; empty allows all; others are closed at once, counted
                "IdleTimeout": "00:05:00",   // no request begun for so long: closed. 0 turns it off
                "FrameTimeout": "00:00:10",  // first byte of a request to its last
                "SendTimeout": "00:00:10",   // a reply the client does not take in this time: closed
                "ProxyProtocol": false,      // true: each connection begins with a PROXY v1 or v2 header, else it is closed
                "TrustedProxies": []         // CIDR list: only these may send one; required with ProxyProtocol
              }
            },
            "Resources": {
              "Default": {
                "Processor": "Echo",
                "Protocol": { "Name": "Raw", "MaxRequestBytes": 65536 },
                "Gate": {
                  "Hold": "Request",         // Request | Quiet | Connection: how long a client keeps its turn
                  "QuietTime": "00:00:00.200", // with Quiet: the turn ends when the client is silent for so long
                  "MaxHold": "00:05:00",     // a lease ends here whatever the client does
                  "MaxQueue": 256,           // requests waiting; over it: refused at once as busy
                  "WaitTimeout": "00:00:30", // in the queue for so long: refused as busy
                  "TurnTimeout": "00:00:10"  // one request's time in its turn
                },
                "Link": { }                  // see 5, for Relay and Tunnel
              }
            },
            "DrainTimeout": "00:00:08",
            "IoThreads": 1,                  // threads that move bytes; more only for many busy resources on many cores
            "Admin": { "Token": null },      // see 8; at least 16 characters
            "Journal": { "Path": null, "Payloads": false, "MaxBytes": 104857600, "MaxFiles": 10 },  // see 7
            "Cluster": { "Node": null }      // see 9
          },
          "Serilog": { }                     // without a WriteTo of its own: the console
        }
        """;

    [Theory]
    [InlineData("{}")]
    [InlineData(Example)]
    [InlineData("""{ "SocketSync": null }""")]
    [InlineData("""{ "SocketSync": { "Listeners": {}, "Resources": null } }""")]
    [InlineData("""{ "SocketSync": { "Listeners": { "Default": null }, "Resources": { "Default": {} } } }""")]
    [InlineData("""{ "socketsync": { "LISTENERS": { "Default": { "priority": "normal", "AllowedNetworks": null } } } }""")]
    public void WhatIsNotGivenIsTheDefault(string json)
    {
        var options = ConfigurationText.Valid(ConfigurationText.Json(json));

        Assert.Equal("localhost", options.DefaultAddress);
        Assert.Equal(1, options.IoThreads);
        Assert.Equal(new JournalOptions(), options.Journal);
        Assert.Equal(TimeSpan.FromSeconds(8), options.DrainTimeout);
        var (name, listener) = Assert.Single(options.Listeners);
        Assert.Equal("Default", name);
        Assert.Equal(("localhost", 56780, "Default", 1000), (listener.Address, listener.Port, listener.Resource, listener.MaxConnections));
        Assert.Equal(Priority.Normal, listener.Priority);
        Assert.Empty(listener.AllowedNetworks);
        Assert.Null(listener.Tls);
        Assert.Equal(
            (TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10)),
            (listener.IdleTimeout, listener.FrameTimeout, listener.SendTimeout));
        var (resourceName, resource) = Assert.Single(options.Resources);
        Assert.Equal(("Default", "Echo", "Raw", 65536), (resourceName, resource.Processor, resource.Protocol.Name, resource.Protocol.MaxRequestBytes));
        Assert.Equal(new GateOptions(), resource.Gate);
        Assert.Same(resource.Protocol, listener.Protocol);
    }

    [Fact]
    public void WhatIsGivenIsRead()
    {
        var options = ConfigurationText.Valid(
            ConfigurationText.Json("""
                {
                  "SocketSync": {
                    "DefaultAddress": "*",
                    "Listeners": {
                      "Scope": { "Port": 1234, "Priority": "high", "IdleTimeout": 0, "AllowedNetworks": ["10.0.0.0/8", "2001:db8::/32"] },
                      "Extra": { "Port": 0, "Address": "::1", "Resource": "scope", "Protocol": { "Name": "fixedlength", "Length": 12 } },
                      "Local": { "UnixSocket": "/run/scope.sock", "Resource": "Scope" }
                    },
                    "Resources": {
                      "Scope": {
                        "Processor": "bench", "OnError": "Close",
                        "Protocol": { "Name": "line", "Delimiter": "\\r\\n", "MaxRequestBytes": 4096 },
                        "Gate": { "Hold": "quiet", "QuietTime": "00:00:00.250", "MaxHold": "1.00:00:00", "MaxQueue": 0 }
                      }
                    },
                    "DrainTimeout": "00:01:00", "IoThreads": 64, "Journal": { "Path": "log", "Payloads": true, "MaxBytes": 10000000000, "MaxFiles": 2 }
                  }
                }
                """),
            "Bench");

        Assert.Equal(new JournalOptions { Path = "log", Payloads = true, MaxBytes = 10_000_000_000, MaxFiles = 2 }, options.Journal);
        var scope = options.Resources["Scope"];
        Assert.Equal(("Bench", OnError.Close, "Line", @"\r\n", 4096), (scope.Processor, scope.OnError, scope.Protocol.Name, scope.Protocol.Delimiter, scope.Protocol.MaxRequestBytes));
        Assert.Equal(
            new GateOptions { Hold = Hold.Quiet, QuietTime = TimeSpan.FromMilliseconds(250), MaxHold = TimeSpan.FromDays(1), MaxQueue = 0 },
            scope.Gate);
        var listener = options.Listeners["scope"];
        Assert.Equal(("*", 1234, "Scope", Priority.High, TimeSpan.Zero), (listener.Address, listener.Port, listener.Resource, listener.Priority, listener.IdleTimeout));
        Assert.Equal(["10.0.0.0/8", "2001:db8::/32"], listener.AllowedNetworks);
        Assert.Same(scope.Protocol, listener.Protocol);
        var extra = options.Listeners["Extra"];
        Assert.Equal(("::1", 0, "Scope", "FixedLength", 12), (extra.Address, extra.Port, extra.Resource, extra.Protocol!.Name, extra.Protocol.Length));
        Assert.Equal(("/run/scope.sock", null), (options.Listeners["Local"].UnixSocket, options.Listeners["Local"].Address));
        Assert.Equal((TimeSpan.FromMinutes(1), 64), (options.DrainTimeout, options.IoThreads));
    }

    [Theory]
    [InlineData("Listeners:A:Resource=Default; Listeners:A:Port=0; Listeners:B:Resource=Default; Listeners:B:Port=0")]
    [InlineData("Listeners:A:Resource=Default; Listeners:A:Address=127.0.0.2; Listeners:B:Resource=Default")]
    [InlineData("Listeners:A:Resource=Default; Listeners:A:Address=0.0.0.0; Listeners:B:Resource=Default; Listeners:B:Address=::1")]
    [InlineData("Listeners:A:Resource=Default; Listeners:A:UnixSocket=/run/a; Listeners:B:Resource=Default")]
    public void PlacesThatDoNotOverlapAreAllowed(string keys) => ConfigurationText.Valid(ConfigurationText.Keys(keys));

    [Fact]
    public void AnEmptyEnvironmentVariableMeansNotGiven()
    {
        var options = ConfigurationText.Valid(ConfigurationText.Keys(
            "Listeners:Default:Address=; Listeners:Default:UnixSocket=; Listeners:Default:Resource=; Admin:Token=; Plugins=; Listeners:Default:ProxyProtocol=False"));
        Assert.Equal(("localhost", "Default"), (options.Listeners["Default"].Address, options.Listeners["Default"].Resource));
    }

    [Fact]
    public void AFaultyPortDoesNotClashByItsDefault()
    {
        var result = ConfigurationText.Read(ConfigurationText.Keys(
            "Listeners:A:Resource=Default; Listeners:B:Resource=Default; Listeners:B:Port=x"));
        Assert.Equal("SocketSync:Listeners:B:Port", Assert.Single(result.Problems).Key);
    }

    [Fact]
    public void TheShippedFileIsAccepted() =>
        ConfigurationText.Valid(ConfigurationText.Json(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "appsettings.json"))));
}
