using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync.Tests;

public sealed class HttpConnectionLimitRaceTests
{
    private const int Lanes = 8;
    private const int Maximum = 5;

    /// <summary>More come than there are places for, again and again, and ask one request after the other for as long as they are let.</summary>
    [Fact]
    public async Task NobodyIsDisplacedWhoIsServedAndEveryPlaceIsGivenBack()
    {
        using var limit = new HttpConnectionLimit(Maximum, new DescriptorReserve(long.MaxValue), TimeProvider.System, NullLogger<HttpConnectionLimit>.Instance);
        var (inside, served, displaced, refused) = (0, 0, 0, 0);
        var pipeline = new ConnectionBuilder(new ServiceCollection().BuildServiceProvider());
        limit.Use(pipeline);
        pipeline.Run(async context =>
        {
            var connection = context.Features.Get<HttpConnection>()!;
            var mine = (Connection)context;
            mine.IsServed = true;
            Assert.InRange(Interlocked.Increment(ref inside), 1, Lanes); // Who was displaced is on his way out.
            for (var i = 0; i < 3; i++)
            {
                limit.BeginRequest(connection);
                var wasAborted = mine.IsAborted || !connection.HasPlace;
                if (i % 2 == 0) await Task.Yield();
                Interlocked.Increment(ref served);
                Assert.Equal(wasAborted, !connection.HasPlace);
                limit.EndRequest(connection);
                if (!connection.HasPlace) break;
                if (i == 1) await Task.Yield();
            }

            Interlocked.Decrement(ref inside);
        });
        var serve = pipeline.Build();
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < Race.Rounds / Lanes; i++)
            {
                await using var connection = new Connection();
                await serve(connection);
                if (connection.IsAborted) Interlocked.Increment(ref displaced);
                if (!connection.IsServed) Interlocked.Increment(ref refused);
            }
        })));

        Assert.True(served > Race.Rounds, $"{served} served");
        Assert.True(displaced > 0 && refused > 0, $"{displaced} displaced, {refused} refused: the race was not run");
        Assert.Equal((0, 0, 0), (limit.OpenCount, limit.SilentCount, inside));
    }

    private sealed class Connection : DefaultConnectionContext
    {
        private volatile bool _isAborted;

        public bool IsAborted => _isAborted;

        public bool IsServed { get; set; }

        public override void Abort(ConnectionAbortedException abortReason) => _isAborted = true;
    }
}
