using System.Buffers;
using System.IO.Pipelines;

namespace SocketSync.Tests;

/// <summary>Clients that come, ask and go, on several threads at once and by the hundred thousand: each gets its own replies, and no permit is lost or doubled.</summary>
[Collection(Alone.Name)]
public class ReconnectingClientsTests
{
    private const int Clients = 8;
    private const int Connections = 4_000;
    private const int RequestsEach = 5;

    /// <summary>How a client leaves.</summary>
    public enum Farewell
    {
        HalfClose,
        Reset,

        /// <summary>Resets with a request in line or in its turn.</summary>
        ResetAsking,
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task EachGetsItsOwnReplyAndThePermitStaysOne(bool isImmediate)
    {
        var inside = 0;
        var overlaps = 0;
        using var host = new SyncHost(
            isImmediate ? new EchoProcessor() : new Guarded(() => Interlocked.Increment(ref inside), () => Interlocked.Decrement(ref inside), () => Interlocked.Increment(ref overlaps)),
            new GateOptions { MaxQueue = Clients });
        using var stop = new CancellationTokenSource();
        var pausing = Task.Run(() => PauseAgainAndAgain(host, stop.Token), TestContext.Current.CancellationToken);

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(() => ComeAndGoAsync(host, client)))).Bound();
        await stop.CancelAsync();
        await pausing.Bound();

        Assert.Equal(0, overlaps);
        await SyncHost.Until(() => host.Gate.GetStatus() is { Holder: null, QueueLength: 0 }, "nobody holds or waits");
        var last = host.Connect();
        await last.SendAsync("last\n");
        Assert.Equal("last", await last.ReadLineAsync());
    }

    private static void PauseAgainAndAgain(SyncHost host, CancellationToken stop)
    {
        // So that an echo has to wait, too.
        while (!stop.IsCancellationRequested)
        {
            host.Gate.Pause();
            Thread.SpinWait(200);
            host.Gate.Resume();
            Thread.SpinWait(200);
        }
    }

    private static async Task ComeAndGoAsync(SyncHost host, int client)
    {
        var random = new Random(client);
        for (var i = 0; i < Connections; i++)
        {
            var connection = host.Connect(random.Next(2) == 0 ? PipeScheduler.Inline : null);
            for (var request = 0; request < RequestsEach; request++)
            {
                var text = $"{client} {i} {request}";
                await connection.SendAsync(text + "\n");
                Assert.Equal(text, await connection.ReadLineAsync());
            }

            switch ((Farewell)random.Next(3))
            {
                case Farewell.HalfClose:
                    connection.HalfClose();
                    break;
                case Farewell.Reset:
                    connection.Reset();
                    break;
                default:
                    await connection.SendAsync("for nobody\n");
                    connection.Reset();
                    break;
            }

            await connection.Served; // what it throws fails the test
        }
    }

    private sealed class Guarded(Func<int> enter, Action leave, Action overlap) : IRequestProcessor
    {
        public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            if (enter() != 1)
                overlap();
            if (context.Request.Length % 3 == 0)
                await Task.Yield();
            foreach (var segment in context.Request)
                context.Reply.Write(segment.Span);
            leave();
        }
    }
}
