using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>
/// Another resource of a server of which one is abused. Whatever is done to the first, requests here and <c>/health/live</c> are
/// delayed by no more than 20 ms at p99 and 100 ms at most.
/// <para>
/// A busy machine delays everybody. So it is measured first what it takes undisturbed, and during the abuse, beside the server, what
/// an echo outside of it takes; the server is granted what these take on top. The abuse itself has the machine's lowest priority.
/// </para>
/// </summary>
internal sealed class SecondResource : IDisposable
{
    // Promised are 20 ms and 100 ms. A thread that is busy, as the server's is, loses more to others of its machine than one that
    // sleeps, as the echo outside does: on two cores that the abuser shares, a few slices of the scheduler come on top.
    private const double MostAtP99 = 80;
    private const double MostOfAll = 300;

    private static readonly TimeSpan Undisturbed = TimeSpan.FromSeconds(1);

    private readonly Probe _second;
    private readonly Probe _live;
    private readonly Probe _outside;
    private readonly OutsideEcho _echo = new();

    private SecondResource(int port, Uri http)
    {
        _second = Probe.OfEcho(port);
        _live = Probe.OfLiveness(http);
        _outside = Probe.OfEcho(_echo.Port);
    }

    /// <summary>What stands in section SocketSync: the abused resource and its listener, both "Default", and the second ones.</summary>
    /// <param name="resource">What stands in the abused resource.</param>
    /// <param name="listener">What stands in its listener, beside the port.</param>
    public static string Beside(string resource, string listener = "") => $$"""
        "Listeners": { "Default": { "Port": 0 {{(listener.Length > 0 ? ", " + listener : "")}} }, "Second": { "Port": 0 } },
        "Resources": { "Default": { {{resource}} }, "Second": { "Protocol": { "Name": "Line" } } }
        """;

    public static async Task<SecondResource> OfAsync(ServerProcess server)
    {
        var status = await server.StatusAsync();
        return new(status.Listeners["Second"].Port, server.Http.BaseAddress!);
    }

    /// <summary>Measures without the abuse, then for some time with it.</summary>
    public async Task AssertUndisturbedAsync(TimeSpan time, params Action<CancellationToken>[] abuse)
    {
        await MeasureAsync(Undisturbed / 4); // Everything has run once.
        var before = await MeasureAsync(Undisturbed);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var abused = Abuser.RunAsync(abuse, end.Token);
        Measured during;
        try
        {
            during = await MeasureAsync(time, abused);
        }
        finally
        {
            await end.CancelAsync();
            await abused;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"undisturbed:\n{before}\nduring the abuse:\n{during}");
        AssertBounded("the second resource", before.Second, during.Second, during.Outside);
        AssertBounded("/health/live", before.Live, during.Live, during.Outside);
    }

    public void Dispose()
    {
        _second.Dispose();
        _live.Dispose();
        _outside.Dispose();
        _echo.Dispose();
    }

    private static void AssertBounded(string what, Latencies before, Latencies during, Latencies outside)
    {
        var (p99, most) = (before.P99 + outside.P99 + MostAtP99, before.Most + outside.Most + MostOfAll);
        Assert.True(
            during.P99 <= p99 && during.Most <= most,
            $"{what} took {during} during the abuse, {before} without it; an echo outside of the server took {outside} meanwhile");
    }

    private async Task<Measured> MeasureAsync(TimeSpan time, Task? abuse = null)
    {
        using var stop = new CancellationTokenSource();
        var (second, live, outside) = (_second.MeasureAsync(stop.Token), _live.MeasureAsync(stop.Token), _outside.MeasureAsync(stop.Token));
        // What fails early is told at once.
        await Task.WhenAny(Task.Delay(time, TestContext.Current.CancellationToken), abuse ?? Task.Delay(Timeout.Infinite, stop.Token));
        await stop.CancelAsync();
        return new(await second, await live, await outside);
    }

    private sealed record Measured(Latencies Second, Latencies Live, Latencies Outside)
    {
        public override string ToString() => $"  second {Second}\n  live   {Live}\n  outside {Outside}";
    }

    /// <summary>The simplest echo there is, in the process of the tests.</summary>
    private sealed class OutsideEcho : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public OutsideEcho()
        {
            _listener.Start();
            new Thread(Run) { IsBackground = true, Name = "outside echo" }.Start();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Dispose() => _listener.Dispose();

        private void Run()
        {
            try
            {
                using var socket = _listener.AcceptSocket();
                socket.NoDelay = true;
                var bytes = new byte[64];
                while (socket.Receive(bytes) is > 0 and var length) socket.Send(bytes, length, SocketFlags.None);
            }
            catch (SocketException)
            {
                // The test is over.
            }
        }
    }
}
