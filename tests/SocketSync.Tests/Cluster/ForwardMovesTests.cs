using System.Buffers;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.Tests;

/// <summary>Clients that come and go at two nodes by the dozen while the resource moves between them: no reply crosses, and nothing is done twice.</summary>
[Collection(Alone.Name)]
public sealed class ForwardMovesTests
{
    private const int Clients = 64;
    private const int Moves = 30;

    [Fact]
    public async Task NoReplyCrossesAndNothingIsDoneTwice()
    {
        var processor = new Counting();
        await using var pair = await ForwardPair.StartWithAsync(processor);
        using var stop = new CancellationTokenSource();
        ForwardNode[] nodes = [pair.Ingress, pair.Owner];
        var answered = 0;
        var clients = Enumerable.Range(0, Clients).Select(i => Task.Run(() => AskAgainAndAgainAsync(i))).ToList();
        for (var move = 0; move < Moves; move++)
        {
            var (from, to) = (nodes[(move + 1) % 2], nodes[move % 2]);
            var before = Volatile.Read(ref answered);
            await SyncHost.Until(() => Volatile.Read(ref answered) >= before + Clients, "they are answered");
            if (move % 3 == 2)
                await from.LoseAsync("R");
            else
                await from.GiveUpAsync("R");
            to.Own("R", epoch: move + 2);
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients).Bound();
        Assert.Equal(0, processor.Overlaps);
        Assert.All(processor.Done, done => Assert.Equal(1, done.Value));

        async Task AskAgainAndAgainAsync(int client)
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                try
                {
                    using var connection = await LineClient.ConnectAsync(nodes[(client + i) % 2].PortOf("L"));
                    for (var request = 0; request < 10; request++)
                    {
                        var text = $"{client} {i} {request}";
                        await connection.SendAsync(text + "\n");
                        if (await connection.ReadLineAsync() is not { } reply || reply.StartsWith("ERROR unavailable", StringComparison.Ordinal))
                            break;
                        Assert.Equal(text, reply);
                        Interlocked.Increment(ref answered);
                    }
                }
                catch (SocketException)
                {
                    // Its node has lost the resource: what became of the request is not known, and it is not asked again.
                }
            }
        }
    }

    private sealed class Counting : IRequestProcessor
    {
        private int _inside;
        private int _overlaps;

        public ConcurrentDictionary<string, int> Done { get; } = new(StringComparer.Ordinal);

        public int Overlaps => _overlaps;

        public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _inside) != 1)
                Interlocked.Increment(ref _overlaps);
            Done.AddOrUpdate(Encoding.ASCII.GetString(context.Request), 1, (_, count) => count + 1);
            await Task.Yield();
            context.Reply.Write(context.Request.ToArray());
            Interlocked.Decrement(ref _inside);
        }
    }
}
