using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>Alone, for it counts what this process has open.</summary>
[Collection(HeavyTests.Name)]
public sealed class OpenDescriptorsTests
{
    [Fact]
    public void ASocketWhoseOtherSideIsGoneIsNotExplained()
    {
        var before = OpenDescriptors.Of(Environment.ProcessId);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var kept = new List<Socket>();
        for (var i = 0; i < 20; i++)
        {
            using var client = new TcpClient("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
            kept.Add(listener.AcceptSocket());
        }

        Assert.InRange(OpenDescriptors.Of(Environment.ProcessId).Orphans - before.Orphans, 15, 40);
        kept.ForEach(socket => socket.Dispose());
    }
}
