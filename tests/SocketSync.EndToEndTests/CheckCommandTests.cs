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

    private ChildProcess Check(string settings, Dictionary<string, string>? environment = null, params string[] more) => new(
        "dotnet", [Server, "check", "--config", _files.Write("config.json", ServerProcess.WholeFile(settings)), $"--urls=http://127.0.0.1:{FreePort.Next()}", .. more],
        environment: environment);
}
