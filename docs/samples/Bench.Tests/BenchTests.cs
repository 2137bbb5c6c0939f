using Microsoft.Extensions.Options;
using SocketSync.Testing;

namespace SocketSync.Samples.Tests;

/// <summary>The bench tested without sockets: by a request that is a script, and by a resource in memory with the real gate.</summary>
public sealed class BenchTests
{
    private readonly Bench _bench = new(new Fixed(new BenchSettings { Title = "the bench", Programs = 2 }));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("2\n", "run 1: program 2\n")]
    [InlineData("3\n", "there is no program 3\n")]
    public async Task RunsTheProgramThatItsClientNames(string answer, string result)
    {
        using var request = new TestRequest("start\n").Then(answer);
        await _bench.ProcessAsync(request.Context, Cancellation);
        Assert.Equal($"the bench: which program, 1 to 2?\n{result}", request.ReplyText);
    }

    [Fact]
    public async Task AClientThatLeavesRunsNothing()
    {
        using var request = new TestRequest("start\n");
        await _bench.ProcessAsync(request.Context, Cancellation);
        Assert.Equal("the bench: which program, 1 to 2?\n", request.ReplyText);
    }

    [Fact]
    public async Task ItsResourceIsUsedByOneAtATime()
    {
        await using var resource = new TestResource(_bench, new() { Protocol = new() { Name = "Line" } });
        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => resource.AskAsync("start\n"u8.ToArray(), cancellationToken: Cancellation)));
        Assert.All(replies, reply => Assert.Equal(Outcome.Ok, reply.Outcome));
    }

    private sealed class Fixed(BenchSettings settings) : IOptionsMonitor<BenchSettings>
    {
        public BenchSettings CurrentValue => settings;

        public BenchSettings Get(string? name) => settings;

        public IDisposable? OnChange(Action<BenchSettings, string?> listener) => null;
    }
}
