using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace SocketSync.Tests;

/// <summary>A Redis that writes each change to its file before it answers, so that it keeps what it has said.</summary>
internal sealed class RedisServer : StoreServer
{
    private readonly IPAddress _address;

    private RedisServer(IPAddress address) => _address = address;

    public override string Configuration => string.Create(CultureInfo.InvariantCulture, $"{_address}:{Port}");

    protected override int StopSignal => Terminate;

    /// <param name="address">Where it listens; loopback, if that does not matter.</param>
    public static async Task<RedisServer> RunAsync(IPAddress? address = null)
    {
        Require(Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "redis-server"))), "redis-server");
        return await StartedAsync(new RedisServer(address ?? IPAddress.Loopback));
    }

    public override async Task EmptyAsync() => Assert.Equal("+OK", await AskAsync("FLUSHALL"));

    /// <summary>Sends a command without arguments, and reads the first line of the answer.</summary>
    public async Task<string?> AskAsync(string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_address, Port);
        using var reader = new StreamReader(client.GetStream());
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(command + "\r\n"));
        return await reader.ReadLineAsync();
    }

    /// <summary>The bytes at a key.</summary>
    public async Task<byte[]> GetAsync(string key)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_address, Port);
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET {key}\r\n"));
        // RESP: a dollar sign, the length, and so many bytes, each of both with CR LF at its end.
        var length = 0;
        Assert.Equal('$', client.GetStream().ReadByte());
        for (int digit; (digit = client.GetStream().ReadByte()) != '\n';)
        {
            if (digit is >= '0' and <= '9') length = (length * 10) + digit - '0';
        }

        var bytes = new byte[length];
        await client.GetStream().ReadExactlyAsync(bytes);
        return bytes;
    }

    protected override ProcessStartInfo Command() => new(
        "redis-server",
        ["--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", _address.ToString(), "--protected-mode", "no", "--dir", Folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always"]);

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
