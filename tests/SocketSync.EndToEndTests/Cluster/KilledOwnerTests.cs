using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>The system ends the connections of a process that was killed in order; its clients at another node must not take that for the end of a reply.</summary>
public sealed class KilledOwnerTests
{
    private const int Kills = 4;
    private const int Clients = 50;
    private const int Length = 1_000_000;

    [Fact]
    public async Task AReplyThatIsCutEndsInAReset()
    {
        var forward = FreePort.Next();
        await using var ingress = await StartAsync("a", FreePort.Next(), forward);
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var owner = await StartAsync("b", forward, forward);
            var port = (await ingress.StatusAsync()).Listeners["Default"].Port;
            var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => BeginReplyAsync(port)));
            owner.Process.Crash();
            foreach (var client in clients)
            {
                using (client)
                    await ReadToResetAsync(client);
            }
        }
    }

    [Fact]
    public async Task AForwardPortInUseEndsTheStartInOneLine()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        using var files = new TestFiles();
        await using var server = FailedStart.Launch(files.Write("appsettings.json", ServerProcess.WholeFile(Settings("a", port))));
        await FailedStart.AssertRefusedAsync(server, $"SocketSync:Cluster:ForwardPort: '{port}': 127.0.0.1:{port} is already in use");
    }

    private static Task<ServerProcess> StartAsync(string node, int own, int forward) => ServerProcess.StartTestHostAsync(
        Settings(node, own), new(StringComparer.Ordinal) { ["TestNodes__Owner"] = "b", ["TestNodes__Forward"] = $"127.0.0.1:{forward}" });

    private static string Settings(string node, int forward) => $$"""
        "Cluster": { "Node": "{{node}}", "Store": { "Redis": "nowhere" }, "Address": "127.0.0.1", "ForwardPort": {{forward}} },
        "Listeners": { "Default": { "Address": "127.0.0.1", "Port": 0, "FrameTimeout": "00:01:00" } },
        "Resources": { "Default": { "Protocol": { "Name": "Line", "MaxRequestBytes": {{Length.ToString(CultureInfo.InvariantCulture)}} } } }
        """;

    /// <summary>A client that has got the beginning of its reply, and reads no more.</summary>
    private static async Task<Socket> BeginReplyAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        ReadOnlyMemory<byte> left = Encoding.ASCII.GetBytes(new string('x', Length - 1) + "\n");
        while (left.Length > 0)
            left = left[await socket.SendAsync(left, TestContext.Current.CancellationToken)..];
        Assert.Equal(1, await socket.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken));
        return socket;
    }

    private static async Task ReadToResetAsync(Socket socket)
    {
        var buffer = new byte[64 * 1024];
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            long count = 1;
            while (await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken) is > 0 and var received)
                count += received;
            Assert.Fail($"the stream has ended after {count} bytes of {Length}");
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }
}
