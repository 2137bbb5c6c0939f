using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>Whatever keeps the server from starting, <c>check</c> tells in the same line.</summary>
public sealed class CheckFindsStartFailuresTests : IDisposable
{
    private const string Echo = """ "Listeners": { "Default": { "Port": 0 } }, "Resources": { "Default": { } } """;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private readonly TestFiles _files = new();

    /// <summary>Keys of the command line over a server that is in order. FOLDER stands for the folder of the test.</summary>
    public static TheoryData<string> Failures =>
    [
        "--Serilog:MinimumLevel:Default=Loud",
        "--Serilog:WriteTo:0:Name=Nowhere",
        "--Serilog:WriteTo:0:Args:path=FOLDER/log",
        "--Serilog:WriteTo:0:Name=File",
        "--Serilog:WriteTo:0:Name=File --Serilog:WriteTo:0:Args:path=FOLDER/log --Serilog:WriteTo:0:Args:rollingInterval=Dayly",
        "--Serilog:WriteTo:0:Name=File --Serilog:WriteTo:0:Args:path=FOLDER/log --Serilog:WriteTo:0:Args:fileSizeLimitBytes=many",
        "--Serilog:WriteTo:0:Name=File --Serilog:WriteTo:0:Args:path=FOLDER/config.json/log",
        "--Serilog:WriteTo:0:Name=File --Serilog:WriteTo:0:Args:path=FOLDER",
        "--Serilog:Using:0=Serilog.Sinks.Nowhere",
        "--Serilog:AuditTo:0:Name=Console",
        "--SocketSync:Listeners:Default:Tls:Certificate:Path=FOLDER/config.json",
        "--SocketSync:Listeners:Default:Address=192.0.2.7",
        "--SocketSync:DefaultAddress=192.0.2.7",
        "--SocketSync:Listeners:B:UnixSocket=/nowhere/s --SocketSync:Listeners:B:Resource=Default",
        "--SocketSync:Listeners:B:UnixSocket=FOLDER/config.json --SocketSync:Listeners:B:Resource=Default",
        "--SocketSync:Listeners:B:UnixSocket=FOLDER/s --SocketSync:Listeners:C:UnixSocket=FOLDER/./s --SocketSync:Listeners:B:Resource=Default --SocketSync:Listeners:C:Resource=Default",
        "--urls=http://192.0.2.7:1",
        "--urls=http://127.0.0.1:PORT;http://127.0.0.1:PORT",
        "--urls=http://unix:/nowhere/s",
        "--urls=https://127.0.0.1:PORT",
        "--Kestrel:Endpoints:A:Url=https://127.0.0.1:PORT --Kestrel:Endpoints:A:Certificate:Path=FOLDER/config.json",
        "--SocketSync:Plugins:0=plugins/SocketSync.SamplePlugin.dll --SocketSync:Resources:Default:Processor=Demanding",
        "--SocketSync:Plugins:0=plugins/Nothing.dll",
        "--SocketSync:Cluster:Node=a --SocketSync:Cluster:Address=127.0.0.1 --SocketSync:Cluster:Store:Redis=127.0.0.1:1 --SocketSync:Cluster:Tls:Authority=/nowhere/ca.pem --SocketSync:Cluster:Tls:Certificate:Path=FOLDER/config.json",
        "--SocketSync:Cluster:Node=a --SocketSync:Cluster:Address=127.0.0.1 --SocketSync:Cluster:Store:Redis=127.0.0.1:1 --SocketSync:Cluster:Tls:Certificate:KeyPath=/nowhere/key.pem",
        "--SocketSync:Cluster:Node=a --SocketSync:Cluster:Address=192.0.2.7 --SocketSync:Cluster:Store:Redis=127.0.0.1:1",
    ];

    public void Dispose() => _files.Dispose();

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task IsFoundInTheSameLine(string keys)
    {
        var config = _files.Write("config.json", ServerProcess.WholeFile(Echo));
        if (keys.Contains("SamplePlugin", StringComparison.Ordinal)) _files.Copy(ServerProcess.Assembly("SamplePluginAssembly"), "plugins");
        string[] arguments =
        [
            "--config", config,
            .. keys.Contains("--urls", StringComparison.Ordinal) ? [] : (string[])["--urls=http://127.0.0.1:PORT"],
            .. keys.Split(' '),
        ];
        var port = $"{FreePort.Next()}";
        arguments = [.. arguments.Select(argument => argument.Replace("FOLDER", _files.Folder, StringComparison.Ordinal).Replace("PORT", port, StringComparison.Ordinal))];
        await using var server = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), .. arguments]);
        await using var check = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), "check", .. arguments]);

        Assert.True(await server.ExitAsync(Soon) == 2, $"it is no failure of the start:\n{server.Log}");
        Assert.True(await check.ExitAsync(Soon) == 2, $"check finds nothing:\n{check.Log}");
        Assert.NotEmpty(server.Errors);
        Assert.Equal(server.Errors, check.Errors);
        Assert.All(check.Errors, line => Assert.DoesNotContain("   at ", line, StringComparison.Ordinal));
        Assert.Empty(check.Output);
        Assert.False(File.Exists(_files["log"]), "a sink was opened");
    }

    /// <summary>The one exception: the port may be that of the server itself, which runs.</summary>
    [Fact]
    public async Task APortThatIsTakenIsAWarning()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var taken = ((IPEndPoint)holder.LocalEndpoint).Port;
        string[] arguments = ["--config", _files.Write("config.json", ServerProcess.WholeFile(Echo)), "--SocketSync:Listeners:Default:Address=127.0.0.1", $"--SocketSync:Listeners:Default:Port={taken}", $"--urls=http://127.0.0.1:{FreePort.Next()}"];
        await using var server = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), .. arguments]);
        await using var check = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), "check", .. arguments]);
        Assert.Equal(2, await server.ExitAsync(Soon));
        Assert.True(await check.ExitAsync(Soon) == 0, check.Log);
        Assert.Contains($"warning: {Assert.Single(server.Errors)}", check.Output, StringComparer.Ordinal);
    }
}
