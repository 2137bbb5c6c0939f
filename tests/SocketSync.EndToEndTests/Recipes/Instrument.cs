using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>An SCPI instrument: one setting for all, one connection at a time. READ? answers what CONF has set.</summary>
internal sealed class Instrument : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _serving;

    public Instrument()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        try
        {
            await _serving;
        }
        catch (OperationCanceledException)
        {
            // It was told to.
        }

        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        var setting = "";
        while (true)
        {
            using var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
            using var reader = new StreamReader(client.GetStream());
            await using var writer = new StreamWriter(client.GetStream()) { AutoFlush = true };
            while (await reader.ReadLineAsync(_stopping.Token) is { } command)
            {
                if (command.StartsWith("CONF ", StringComparison.Ordinal)) setting = command[5..];
                if (command == "READ?") await writer.WriteLineAsync(setting);
                if (command == "*IDN?") await writer.WriteLineAsync("ACME,MULTIMETER,1,1.0");
            }
        }
    }
}
