using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync.Tests;

/// <summary>What <c>check --probe</c> finds out about the devices, and what they notice of it.</summary>
public sealed class LinkProbeTests : IDisposable
{
    private readonly TcpListener _device = new(IPAddress.Loopback, 0);

    public LinkProbeTests() => _device.Start();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private int Port => ((IPEndPoint)_device.LocalEndpoint).Port;

    public void Dispose() => _device.Dispose();

    [Fact]
    public async Task ADeviceIsConnectedToOnceAndNothingIsWritten()
    {
        var seen = ServeAsync(async connection => Assert.Equal(0, await connection.ReadAsync(new byte[1], Token)));
        var (allOpen, results) = await ProbeAsync(("A", Tcp(Port)), ("None", null));

        var result = Assert.Single(results);
        Assert.True(allOpen);
        Assert.StartsWith($"probe: resource A: tcp 127.0.0.1:{Port}: opens, after ", result.ToString(), StringComparison.Ordinal);
        await seen;
        Assert.False(_device.Pending());
    }

    [Fact]
    public async Task ADeviceThatIsNotThereIsTold()
    {
        _device.Stop();
        var (allOpen, results) = await ProbeAsync(("A", Tcp(Port)));
        Assert.False(allOpen);
        Assert.Equal($"probe: resource A: tcp 127.0.0.1:{Port}: connection refused", Assert.Single(results).ToString());
    }

    /// <summary>So does one that is taken by somebody else.</summary>
    [Fact]
    public async Task ADeviceThatHangsUpAtOnceIsTold()
    {
        var seen = ServeAsync(static _ => Task.CompletedTask);
        var (allOpen, results) = await ProbeAsync(("A", Tcp(Port)));
        await seen;
        Assert.False(allOpen);
        Assert.Equal($"probe: resource A: tcp 127.0.0.1:{Port}: lost as soon as it is open: the device has closed the link", Assert.Single(results).ToString());
    }

    [Fact]
    public async Task AProgramThatCannotRunIsTold()
    {
        var (allOpen, results) = await ProbeAsync(
            ("A", new() { Process = new() { FileName = "/nowhere/worker" } }), ("B", new() { Process = new() { FileName = "sh", Arguments = ["-c", "exit 3"] } }), ("C", new() { Process = new() { FileName = "cat" } }));
        Assert.False(allOpen);
        Assert.Equal("probe: resource A: process worker: there is no program /nowhere/worker", Of("A").ToString());
        Assert.StartsWith("probe: resource B: process sh: lost as soon as it is open: ", Of("B").ToString(), StringComparison.Ordinal);
        Assert.Null(Of("C").Fault);

        ProbeResult Of(string name) => results.Single(result => result.Resource == name);
    }

    /// <summary>Nobody is asked by it.</summary>
    [Fact]
    public async Task ADatagramLinkShowsNothing()
    {
        var (allOpen, results) = await ProbeAsync(("A", new() { Udp = new() { Host = "127.0.0.1", Port = Port } }));
        Assert.True(allOpen);
        Assert.EndsWith(", which does not show that a device is there", Assert.Single(results).ToString(), StringComparison.Ordinal);
    }

    /// <summary>It may take a single connection: two resources of one device come one after the other, with the pause between them.</summary>
    [Fact]
    public async Task ResourcesOfOneDeviceTakeTurns()
    {
        var seen = ServeAsync(async connection => Assert.Equal(0, await connection.ReadAsync(new byte[1], Token)), times: 2);
        var delays = new Delays();
        var probe = new LinkProbe(delays, Make);
        var options = Options(("A", Tcp(Port) with { ReconnectDelay = TimeSpan.FromMilliseconds(123), ConnectDelay = TimeSpan.FromMilliseconds(45) }), ("B", Tcp(Port) with { ReconnectDelay = TimeSpan.FromMilliseconds(321) }));
        Assert.True(await probe.RunAsync(options, static _ => { }, Token));
        await seen;
        Assert.Contains(TimeSpan.FromMilliseconds(45), delays.Asked);
        Assert.Contains(TimeSpan.FromMilliseconds(321), delays.Asked);
        Assert.DoesNotContain(TimeSpan.FromMilliseconds(123), delays.Asked);
    }

    private static LinkOptions Tcp(int port) => new() { Tcp = new() { Host = "127.0.0.1", Port = port } };

    /// <summary>Serves one connection after the other, and finds out that a second never comes beside one.</summary>
    private async Task ServeAsync(Func<NetworkStream, Task> serve, int times = 1)
    {
        for (; times > 0; times--)
        {
            using var connection = await _device.AcceptTcpClientAsync(Token);
            await serve(connection.GetStream());
            Assert.False(_device.Pending(), "two connections at once");
        }
    }

    private static async Task<(bool AllOpen, List<ProbeResult> Results)> ProbeAsync(params (string Name, LinkOptions? Link)[] resources)
    {
        var results = new List<ProbeResult>();
        var allOpen = await new LinkProbe(TimeProvider.System, Make).RunAsync(Options(resources), results.Add, Token);
        return (allOpen, results);
    }

    private static SocketSyncOptions Options(params (string Name, LinkOptions? Link)[] resources) => new()
    {
        Resources = resources.ToDictionary(r => r.Name, r => new ResourceOptions { Link = r.Link }, StringComparer.OrdinalIgnoreCase),
    };

    private static ILink Make(ResourceOptions resource) => LinkFactory.Create(resource.Link!, framesEndBySilence: false, NullLoggerFactory.Instance, TimeProvider.System);

    /// <summary>The system's time, which remembers for how long somebody wanted to wait.</summary>
    private sealed class Delays : TimeProvider
    {
        private readonly System.Collections.Concurrent.ConcurrentBag<TimeSpan> _asked = [];

        public IReadOnlyCollection<TimeSpan> Asked => _asked;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _asked.Add(dueTime);
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
