using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>
/// A start that fails has touched no device: one that counts who connects sees nobody, and a program that would leave a file
/// behind was never started.
/// </summary>
public sealed class NothingHalfStartedTests : IDisposable
{
    private readonly TestFiles _files = new();
    private readonly TcpListener _device = new(IPAddress.Loopback, 0);

    public NothingHalfStartedTests() => _device.Start();

    private string Trace => _files["started"];

    public void Dispose()
    {
        _device.Dispose();
        _files.Dispose();
    }

    /// <summary>What the others would do, were they started.</summary>
    [Fact]
    public async Task AStartThatSucceedsOpensBoth()
    {
        await using var server = await ServerProcess.StartAsync(Settings());
        await Poll.UntilAsync(() => File.Exists(Trace), "the program has left its file");
        Assert.True(_device.Pending());
    }

    [Fact]
    public Task WhereThePortOfHttpIsTaken() => AssertUntouchedAsync(Settings(), $"--urls=http://127.0.0.1:{Taken()}");

    [Fact]
    public Task WhereAListenersPortIsTaken() => AssertUntouchedAsync(Settings(port: Taken()));

    [Fact]
    public Task WhereTheConfigurationIsInvalid() => AssertUntouchedAsync(Settings(), "--SocketSync:Resources:Zebra:Gate:MaxQueue=-1");

    [Fact]
    public async Task WhereAPluginsProcessorCannotBeMade()
    {
        _files.Copy(ServerProcess.Assembly("SamplePluginAssembly"), "plugins");
        await AssertUntouchedAsync(
            Settings(), $"--SocketSync:Plugins:0=plugins/{Path.GetFileName(ServerProcess.Assembly("SamplePluginAssembly"))}", "--SocketSync:Resources:Zebra:Processor=Demanding");
    }

    private async Task AssertUntouchedAsync(string settings, params string[] keys)
    {
        await using var server = FailedStart.Launch(_files.Write("config.json", ServerProcess.WholeFile(settings)), keys);
        Assert.Equal(2, await server.ExitAsync(TimeSpan.FromSeconds(20)));
        Assert.Single(server.Errors);
        Assert.False(_device.Pending(), "the device was connected to");
        Assert.False(File.Exists(Trace), "the program was started");
    }

    private string Settings(int port = 0) => $$"""
        "DefaultAddress": "127.0.0.1",
        "Listeners": { "Device": { "Port": 0 }, "Program": { "Port": 0 }, "Zebra": { "Port": {{port}} } },
        "Resources": {
          "Device": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { "Tcp": { "Host": "127.0.0.1", "Port": {{((IPEndPoint)_device.LocalEndpoint).Port}} } } },
          "Program": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { "Process": { "FileName": "sh", "Arguments": [ "-c", "touch {{Trace}}; exec cat" ] } } },
          "Zebra": { }
        }
        """;

    private int Taken() => ((IPEndPoint)_device.LocalEndpoint).Port;
}
