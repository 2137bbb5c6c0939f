using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary><c>check</c> as a process: what it prints, and its exit code.</summary>
public sealed class CheckCommandTests : IDisposable
{
    private static readonly string Server = ServerProcess.Assembly("ServerAssembly");
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private readonly TestFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task EachValueIsPrintedWithItsSource()
    {
        await using var check = Check(
            """ "IoThreads": 1, "Admin": { "Token": "a-token-of-the-test" }, "Listeners": { "Default": { "Port": 0, "MaxConnections": 7 } }, "Resources": { "Default": { } } """,
            new(StringComparer.Ordinal) { ["SocketSync__Listeners__Default__MaxConnections"] = "9" },
            "--SocketSync:DrainTimeout=00:00:02");
        Assert.Equal(0, await check.ExitAsync(Soon));
        foreach (var line in (string[])
            [
                "  SocketSync:Listeners:Default:Port = 0 (file)", "  SocketSync:Listeners:Default:MaxConnections = 9 (environment)",
                "  SocketSync:DrainTimeout = 00:00:02 (command line)", "  SocketSync:Admin:Token = (not shown) (file)",
            ])
            Assert.Contains(line, check.Output, StringComparer.Ordinal);
        Assert.DoesNotContain("IoThreads", check.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("a-token-of-the-test", check.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatIsSurelyNotMeantIsWarnedOf()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var taken = ((IPEndPoint)holder.LocalEndpoint).Port;
        await using var check = Check($$"""
            "Listeners": { "Bus": { "Address": "127.0.0.1", "Port": {{taken}} } },
            "Resources": { "Spare": { }, "Bus": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Gate": { "TurnTimeout": "00:00:01" },
              "Link": { "Tcp": { "Host": "127.0.0.1", "Port": 502 }, "Units": { "1": 5, "2": 5 } } } }
            """);
        Assert.True(await check.ExitAsync(Soon) == 0, check.Log);
        var warnings = check.Output.Where(line => line.StartsWith("warning: ", StringComparison.Ordinal)).ToList();
        foreach (var words in (string[])["resource Spare: no listener", "TurnTimeout, 00:00:01, is below Link:ReplyTimeout", "Units sends 1 and 2 to one unit, 5", $"127.0.0.1:{taken} is already in use"])
            Assert.Single(warnings, line => line.Contains(words, StringComparison.Ordinal));
        Assert.Equal(4, warnings.Count);
        Assert.Empty(check.Errors);
    }

    [Fact]
    public async Task ProbeSaysWhatCameOfEachLink()
    {
        using var device = new TcpListener(IPAddress.Loopback, 0);
        device.Start();
        var there = ((IPEndPoint)device.LocalEndpoint).Port;
        var settings = $$"""
            "Listeners": { "A": { "Port": 0 }, "B": { "Port": 0 } },
            "Resources": {
              "A": { "Processor": "Tunnel", "Link": { "Tcp": { "Host": "127.0.0.1", "Port": {{there}} } } },
              "B": { "Processor": "Relay", "Required": false, "Link": { "Tcp": { "Host": "127.0.0.1", "Port": {{there}} } } } }
            """;
        await using (var check = Check(settings, environment: null, "--probe"))
        {
            Assert.True(await check.ExitAsync(Soon) == 0, check.Log);
            foreach (var resource in (string[])["A", "B"])
                Assert.Single(check.Output, line => line.StartsWith($"probe: resource {resource}: tcp 127.0.0.1:{there}: opens", StringComparison.Ordinal));
        }

        await using (var check = Check(settings, environment: null, "--probe", "--SocketSync:Resources:B:Link:Tcp:Port=1"))
        {
            Assert.Equal(1, await check.ExitAsync(Soon));
            Assert.Contains("probe: resource B: tcp 127.0.0.1:1: connection refused", check.Output, StringComparer.Ordinal);
            Assert.Single(check.Output, line => line.StartsWith("probe: resource A: ", StringComparison.Ordinal) && line.Contains("opens", StringComparison.Ordinal));
        }

        // Without being asked to, it touches no device.
        while (device.Pending()) device.AcceptSocket().Dispose();
        await using (var check = Check(settings)) Assert.Equal(0, await check.ExitAsync(Soon));
        Assert.False(device.Pending());
    }

    /// <summary>Nothing is tried where the configuration is wrong.</summary>
    [Fact]
    public async Task AnInvalidConfigurationIsNotProbed()
    {
        await using var check = Check(""" "IoThreads": 0, "Listeners": { "Default": { "Port": 0 } }, "Resources": { "Default": { } } """, environment: null, "--probe");
        Assert.Equal(2, await check.ExitAsync(Soon));
        Assert.Empty(check.Output);
    }

    private ChildProcess Check(string settings, Dictionary<string, string>? environment = null, params string[] more) => new(
        "dotnet", [Server, "check", "--config", _files.Write("config.json", ServerProcess.WholeFile(settings)), $"--urls=http://127.0.0.1:{FreePort.Next()}", .. more],
        environment: environment);
}
