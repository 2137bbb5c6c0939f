using System.Buffers;
using System.Collections.Concurrent;
using System.Text;

namespace SocketSync.Tests;

/// <summary>What a client that may not ask for everything sees, and that its denied requests reach nobody.</summary>
public class AccessTests
{
    private static readonly AccessOptions NoReset = new() { Commands = ["RESET*"], Allow = false };

    [Fact]
    public async Task PipelinedRequestsAreJudgedOneByOneAndAnsweredInOrder()
    {
        using var host = new SyncHost { Access = [NoReset] };
        var client = host.Connect();
        await client.SendAsync("a\nRESET\nb\nRESET 2\nc\n");
        Assert.Equal("a", await client.ReadLineAsync());
        Assert.Equal("ERROR denied not allowed to this client", await client.ReadLineAsync());
        Assert.Equal("b", await client.ReadLineAsync());
        Assert.StartsWith("ERROR denied ", await client.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("c", await client.ReadLineAsync());
        Assert.Equal((3, 2), (host.Listener.CountOf(Outcome.Ok), host.Listener.CountOf(Outcome.Denied)));
    }

    [Fact]
    public async Task ADeniedRequestWaitsForNobodyAndIsNeverProcessed()
    {
        var processor = new HeldProcessor();
        using var host = new SyncHost(processor) { Access = [NoReset] };
        await host.ConnectAndHoldAsync("a\n");
        var client = host.Connect();
        await client.SendAsync("RESET\n");
        Assert.StartsWith("ERROR denied ", await client.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal(0, host.Gate.GetStatus().QueueLength);
        processor.LetGo();
        await host.UntilCounted(Outcome.Ok, 1);
        Assert.Equal(["a"], processor.Served, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("Raw", nameof(OnError.Reply))]
    [InlineData("Line", nameof(OnError.Close))]
    public async Task WhereNoWordIsSaidTheConnectionCloses(string protocol, string onError)
    {
        using var host = new SyncHost(protocol: new ProtocolOptions { Name = protocol }, onError: Enum.Parse<OnError>(onError)) { Access = [new() { Listeners = ["L"], Allow = false }] };
        var client = host.Connect();
        await client.SendAsync("a\n");
        client.HalfClose();
        Assert.Null(await client.ReadLineAsync());
        await host.UntilCounted(Outcome.Denied, 1);
    }

    [Fact]
    public async Task ChangedRulesHoldFromTheNextRequestOn()
    {
        using var host = new SyncHost();
        var client = host.Connect();
        await client.SendAsync("RESET\n");
        Assert.Equal("RESET", await client.ReadLineAsync());
        host.Access = [NoReset];
        await client.SendAsync("RESET\n");
        Assert.StartsWith("ERROR denied ", await client.ReadLineAsync(), StringComparison.Ordinal);
        host.Access = [];
        await client.SendAsync("RESET\n");
        Assert.Equal("RESET", await client.ReadLineAsync());
    }

    [Fact]
    public async Task ADeniedRequestInALeaseEndsNothing()
    {
        using var host = new SyncHost(gate: new GateOptions { Hold = Hold.Quiet, QuietTime = TimeSpan.FromSeconds(1) }) { Access = [NoReset] };
        var holder = host.Connect();
        await holder.SendAsync("a\n");
        Assert.Equal("a", await holder.ReadLineAsync());
        var other = await host.ConnectAndWaitAsync("b\n", inLine: 1);
        await holder.SendAsync("RESET\n");
        Assert.StartsWith("ERROR denied ", await holder.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal(1, host.Gate.GetStatus().QueueLength);
        await holder.SendAsync("a2\n");
        Assert.Equal("a2", await holder.ReadLineAsync());
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("b", await other.ReadLineAsync());
    }

    [Fact]
    public async Task ALeaseEndsWhenItsClientIsQuietAfterADeniedRequest()
    {
        using var host = new SyncHost(gate: new GateOptions { Hold = Hold.Quiet, QuietTime = TimeSpan.FromSeconds(1) }) { Access = [NoReset] };
        var holder = host.Connect();
        await holder.SendAsync("a\n");
        Assert.Equal("a", await holder.ReadLineAsync());
        var other = await host.ConnectAndWaitAsync("b\n", inLine: 1);
        await holder.SendAsync("RES");
        await holder.SendAsync("ET\n");
        Assert.StartsWith("ERROR denied ", await holder.ReadLineAsync(), StringComparison.Ordinal);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("b", await other.ReadLineAsync());
    }

    [Fact]
    public async Task AProcessorThatConversesNeverSeesADeniedRequest()
    {
        var processor = new Conversing();
        using var host = new SyncHost(processor) { Access = [NoReset] };
        var client = host.Connect();
        await client.SendAsync("start\n");
        Assert.Equal("next?", await client.ReadLineAsync());
        await client.SendAsync("RESET\nRESET\nseven\n");
        Assert.StartsWith("ERROR denied ", await client.ReadLineAsync(), StringComparison.Ordinal);
        Assert.StartsWith("ERROR denied ", await client.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("got seven", await client.ReadLineAsync());
        Assert.Equal(["start\n", "seven\n"], processor.Seen, StringComparer.Ordinal);
        Assert.Equal((1, 2), (host.Listener.CountOf(Outcome.Ok), host.Listener.CountOf(Outcome.Denied)));
    }

    [Fact]
    public async Task AConversationEndsWhereADenialCannotBeTold()
    {
        var processor = new Conversing();
        using var host = new SyncHost(processor, onError: OnError.Close) { Access = [NoReset] };
        var client = host.Connect();
        await client.SendAsync("start\n");
        Assert.Equal("next?", await client.ReadLineAsync());
        await client.SendAsync("RESET\n");
        Assert.Equal("got nothing", await client.ReadLineAsync());
        client.HalfClose();
        Assert.Null(await client.ReadLineAsync());
        await host.UntilCounted(Outcome.Denied, 1);
        Assert.Equal(["start\n"], processor.Seen, StringComparer.Ordinal);
    }

    /// <summary>Asks its client for one more request.</summary>
    private sealed class Conversing : IRequestProcessor
    {
        public ConcurrentQueue<string> Seen { get; } = new();

        public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            Seen.Enqueue(Encoding.ASCII.GetString(context.Request));
            context.Reply.Write("next?\n"u8);
            await context.SendAsync(cancellationToken);
            var next = await context.ReceiveAsync(cancellationToken);
            if (next is { } bytes) Seen.Enqueue(Encoding.ASCII.GetString(bytes));
            context.Reply.Write(Encoding.ASCII.GetBytes($"got {(next is { } got ? Encoding.ASCII.GetString(got) : "nothing\n")}"));
        }
    }
}
