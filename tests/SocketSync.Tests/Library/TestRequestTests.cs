using System.Buffers;
using System.Text;
using SocketSync.Testing;

namespace SocketSync.Tests;

/// <summary>A processor called without a server.</summary>
public sealed class TestRequestTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ProcessesAndTellsTheReply()
    {
        using var request = new TestRequest("which?\n"u8, resource: "Bench", epoch: 7);
        await new Counting().ProcessAsync(request.Context, Cancellation);
        Assert.Equal("1 Bench 7 local which?\n", request.ReplyText);
        Assert.True(request.Sent.IsEmpty);
    }

    [Fact]
    public async Task AConversationIsAScript()
    {
        using var request = new TestRequest("start\n").Then("left\n").Then("right\n"u8);
        await new Conversing().ProcessAsync(request.Context, Cancellation);
        Assert.Equal("which?\nwhich?\nwhich?\ngot left\nright\n", request.ReplyText);
        Assert.Equal("which?\nwhich?\nwhich?\n", Encoding.UTF8.GetString(request.Sent.Span));
    }

    [Fact]
    public async Task ACancelledTurnCancelsTheConversation()
    {
        using var request = new TestRequest("start\n").Then("left\n");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Conversing().ProcessAsync(request.Context, new(canceled: true)).AsTask());
    }

    private sealed class Counting : IRequestProcessor
    {
        private int _served;

        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) =>
            context.SayAsync($"{++_served} {context.Resource} {context.Epoch} {context.Client.Id} {Encoding.UTF8.GetString(context.Request)}");
    }

    private sealed class Conversing : IRequestProcessor
    {
        public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
        {
            var got = "got ";
            while (true)
            {
                context.Reply.Write("which?\n"u8);
                await context.SendAsync(cancellationToken);
                if (await context.ReceiveAsync(cancellationToken) is not { } next) break;
                got += Encoding.UTF8.GetString(next);
            }

            await context.SayAsync(got);
        }
    }
}
