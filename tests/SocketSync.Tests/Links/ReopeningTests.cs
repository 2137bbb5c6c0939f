using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>
/// What opening and closing a link a hundred times leaves behind: no descriptor, no thread, no process. The collector, which
/// would close what was forgotten, is kept from running, and that it has not run is asserted.
/// </summary>
[Collection(nameof(CountsEverything))]
public class ReopeningTests
{
    private const int Times = 100;

    /// <summary>What the runtime itself may open or start meanwhile, far less than one for each time.</summary>
    private const int Slack = 10;

    private const long Garbage = 200 << 20;

    [Fact]
    public async Task OfATcpLink()
    {
        using var device = Listen();
        await FlatAsync(async () =>
        {
            var link = await Tcp(device).OpenAsync(default).Soon();
            using var accepted = await device.AcceptSocketAsync(LinkTesting.Token).Soon();
            await link.DisposeAsync().Soon();
        });
    }

    [Fact]
    public async Task OfATcpLinkThatTheDeviceResets()
    {
        using var device = Listen();
        await FlatAsync(async () =>
        {
            var link = await Tcp(device).OpenAsync(default).Soon();
            (await device.AcceptSocketAsync(LinkTesting.Token).Soon()).Close(timeout: 0);
            await link.ExpectLossAsync();
            await link.DisposeAsync().Soon();
        });
    }

    [Fact]
    public async Task OfATlsLink()
    {
        using var authority = new TlsTestAuthority();
        using var certificate = authority.Sign("localhost", TlsTestAuthority.ServerUsage);
        using var listener = Listen();
        await FlatAsync(async () =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(listener.LocalEndpoint, LinkTesting.Token);
            await using var device = new SslStream(new NetworkStream(await listener.AcceptSocketAsync(LinkTesting.Token).Soon(), ownsSocket: true));
            var client = new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: false, (_, shown, _, _) => shown!.GetCertHashString() == certificate.GetCertHashString());
            await Task.WhenAll(device.AuthenticateAsServerAsync(certificate), client.AuthenticateAsClientAsync("localhost")).Soon();
            await new OpenTlsLink(socket, client, "tcp localhost:1").DisposeAsync().Soon();
        });
    }

    [Fact]
    public async Task OfASerialLine()
    {
        using var cable = PseudoTerminals.Connect();
        await FlatAsync(async () => await (await new SerialLink(new() { Device = cable.Line }, false).OpenAsync(default).Soon()).DisposeAsync().Soon());
    }

    [Fact]
    public async Task OfAProcess()
    {
        Family.RequireTools();
        await FlatAsync(async () => await (await Process("cat").OpenAsync(default).Soon()).DisposeAsync().Soon());
        await LinkTesting.UntilAsync(() => Children() == 0, "the end of every child and of its guard");
    }

    [Fact]
    public async Task OfAProcessThatEndsByItself()
    {
        Family.RequireTools();
        await FlatAsync(async () =>
        {
            var link = await Process("sh", "-c", "exit 1").OpenAsync(default).Soon();
            await link.ExpectLossAsync();
            await link.DisposeAsync().Soon();
        });
        await LinkTesting.UntilAsync(() => Children() == 0, "the end of every child and of its guard");
    }

    [Theory]
    [InlineData("exec sleep 1000")]
    [InlineData("exit 1")]
    public async Task OfAProcessWhoseDescendantKeepsItsPipes(string then)
    {
        Family.RequireTools();
        var heirs = new List<int>();
        var script = $"{Family.OutOfReach}; read go; {then}";
        try
        {
            await FlatAsync(async () =>
            {
                var link = await Process("sh", "-c", script).OpenAsync(default).Soon();
                var heir = Family.Parse(await ReadLineAsync(link));
                heirs.Add(heir);
                await Family.OrphanedAsync(heir, ProcessTree.MarkVariable);
                await link.SendAsync("go\n");
                if (then == "exit 1") await link.ExpectLossAsync();
                await link.DisposeAsync().Soon();
            });
            Assert.All(heirs, heir => Assert.True(LinkTesting.IsAlive(heir)));
        }
        finally
        {
            Family.Kill(heirs);
        }
    }

    [Fact]
    public async Task OfLinksThatCannotBeOpened()
    {
        var nobody = Listen();
        var absent = Tcp(nobody);
        nobody.Dispose();
        await FlatAsync(async () =>
        {
            await absent.RefusedAsync();
            await new SerialLink(new() { Device = "/etc/passwd" }, false).RefusedAsync();
            await new SerialLink(new() { Device = "/dev/no-such-line" }, false).RefusedAsync();
            await Process("/etc/passwd").RefusedAsync();
            await Process("no-such-program-anywhere").RefusedAsync();
        });
    }

    [Fact]
    public async Task OfLinksThatAreGivenUpWhileTheyAreOpened()
    {
        Family.RequireTools();
        using var cable = PseudoTerminals.Connect();
        using var device = Listen();
        var line = new SerialLink(new() { Device = cable.Line }, false); // one, which knows of those that were given up
        await FlatAsync(async () =>
        {
            foreach (var link in new ILink[] { Tcp(device), line, Process("cat") })
            {
                using var patience = new CancellationTokenSource();
                var opening = link.OpenAsync(patience.Token).AsTask();
                await patience.CancelAsync();
                try
                {
                    // It may have been open before it was given up.
                    await (await opening.Soon()).DisposeAsync().Soon();
                }
                catch (OperationCanceledException)
                {
                    // As it should be.
                }
            }

            while (device.Pending()) (await device.AcceptSocketAsync(LinkTesting.Token)).Dispose();
        });
        await LinkTesting.UntilAsync(() => Children() == 0, "the end of every child and of its guard");
    }

    private static async Task FlatAsync(Func<Task> reopen)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        for (var i = 0; i < 5; i++) await reopen();
        var (descriptors, threads) = (LinkTesting.OpenDescriptors, Threads());
        Assert.True(GC.TryStartNoGCRegion(Garbage));
        try
        {
            for (var i = 0; i < Times; i++) await reopen();
            await LinkTesting.UntilAsync(() => LinkTesting.OpenDescriptors <= descriptors + Slack, "the closing of every descriptor");
            await LinkTesting.UntilAsync(() => Threads() <= threads + Slack, "the end of every thread");
            Assert.Equal(GCLatencyMode.NoGCRegion, GCSettings.LatencyMode); // else it was the collector that has closed them
        }
        finally
        {
            if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion) GC.EndNoGCRegion();
        }
    }

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private static TcpLink Tcp(TcpListener device) => new(new() { Host = "127.0.0.1", Port = ((IPEndPoint)device.LocalEndpoint).Port });

    private static ProcessLink Process(string file, params string[] arguments) =>
        new(new() { FileName = file, Arguments = arguments }, new LinkLogLines(), new FakeTimeProvider());

    private static async Task<string> ReadLineAsync(IOpenLink link)
    {
        while (true)
        {
            var result = await link.Input.ReadAsync(LinkTesting.Token).Soon();
            var text = System.Text.Encoding.Latin1.GetString(System.Buffers.BuffersExtensions.ToArray(result.Buffer));
            link.Input.AdvanceTo(text.EndsWith('\n') ? result.Buffer.End : result.Buffer.Start, result.Buffer.End);
            if (text.EndsWith('\n')) return text.TrimEnd();
        }
    }

    private static int Threads() => Directory.GetDirectories("/proc/self/task").Length;

    private static int Children() => Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit))
        .Select(name => Family.Parse(name!)).Count(id => Family.Stat(id) is [_, var parent, ..] && Family.Parse(parent) == Environment.ProcessId && Family.Read(id, "comm").Trim() is "cat" or "setsid" or "sh");
}
