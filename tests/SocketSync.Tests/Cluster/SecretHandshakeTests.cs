using System.IO.Pipelines;
using System.Security.Authentication;

namespace SocketSync.Tests;

/// <summary>How nodes on loopback know each other.</summary>
public sealed class SecretHandshakeTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(number => (byte)number)];

    [Fact]
    public async Task NodesOfOneClusterKnowEachOther()
    {
        var (left, right) = Connect();
        await Task.WhenAll(RunAsync(left, Secret, isServer: true), RunAsync(right, Secret, isServer: false));
        // What follows is not touched.
        await right.WriteAsync("hello"u8.ToArray(), TestContext.Current.CancellationToken);
        var read = new byte[5];
        await left.ReadExactlyAsync(read, TestContext.Current.CancellationToken);
        Assert.Equal("hello"u8.ToArray(), read);
    }

    [Fact]
    public async Task WhoDoesNotKnowTheSecretIsRefusedByBoth()
    {
        var (left, right) = Connect();
        var server = RunAsync(left, Secret, isServer: true);
        var client = RunAsync(right, [.. Secret.Reverse()], isServer: false);
        await Assert.ThrowsAsync<AuthenticationException>(() => server);
        await Assert.ThrowsAsync<AuthenticationException>(() => client);
    }

    [Fact]
    public async Task AnEchoIsNoNode()
    {
        var pipe = new Pipe();
        var stream = new DuplexPipeStream(pipe.Reader, pipe.Writer);
        await Assert.ThrowsAsync<AuthenticationException>(() => RunAsync(stream, Secret, isServer: true));
    }

    [Fact]
    public async Task OneServerIsNotReflectedToAnother()
    {
        // Both ends prove that they are the server: neither is taken for a client.
        var (left, right) = Connect();
        var one = RunAsync(left, Secret, isServer: true);
        var other = RunAsync(right, Secret, isServer: true);
        await Assert.ThrowsAsync<AuthenticationException>(() => one);
        await Assert.ThrowsAsync<AuthenticationException>(() => other);
    }

    [Fact]
    public async Task AnotherLanguageIsRefused()
    {
        var (left, right) = Connect();
        await right.WriteAsync(new byte[200], TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<AuthenticationException>(() => RunAsync(left, Secret, isServer: true));
    }

    private static Task RunAsync(DuplexPipeStream stream, byte[] secret, bool isServer) =>
        SecretHandshake.RunAsync(stream, secret, isServer, TestContext.Current.CancellationToken);

    private static (DuplexPipeStream Left, DuplexPipeStream Right) Connect()
    {
        var (there, back) = (new Pipe(), new Pipe());
        return (new(there.Reader, back.Writer), new(back.Reader, there.Writer));
    }
}
