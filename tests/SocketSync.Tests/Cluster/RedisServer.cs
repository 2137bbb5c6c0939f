using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SocketSync.Tests;

/// <summary>A Redis that writes each change to its file before it answers, so that it keeps what it has said.</summary>
internal sealed class RedisServer : StoreServer
{
    private RedisServer()
    {
    }

    public override string Configuration => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    protected override int StopSignal => Terminate;

    public static async Task<RedisServer> RunAsync()
    {
        Require(Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server"))), "redis-server");
        var server = new RedisServer();
        await server.StartAsync();
        return server;
    }

    public override async Task EmptyAsync() => Assert.Equal("+OK", await AskAsync("FLUSHALL"));

    /// <summary>Sends a command without arguments, and reads the first line of the answer.</summary>
    public async Task<string?> AskAsync(string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        using var reader = new StreamReader(client.GetStream());
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(command + "\r\n"));
        return await reader.ReadLineAsync();
    }

    protected override ProcessStartInfo Command() => new(
        "redis-server",
        ["--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", Folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always"]);

    protected override async Task<bool> AnswersAsync()
    {
        try
        {
            return await AskAsync("PING") is "+PONG";
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }
}
