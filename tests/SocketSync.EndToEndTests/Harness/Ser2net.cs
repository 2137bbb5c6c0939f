namespace SocketSync.EndToEndTests;

/// <summary>The program ser2net, which serves one end of a serial line on the network.</summary>
internal sealed class Ser2net : IAsyncDisposable
{
    private readonly TestFiles _files = new();
    private readonly ChildProcess _process;

    private Ser2net(SerialPair line, string accepter)
    {
        Line = line;
        Port = FreePort.Next();
        var config = _files.Write("ser2net.yaml", $"""
            %YAML 1.1
            ---
            connection: &line
              accepter: {accepter},tcp,127.0.0.1,{Port}
              connector: serialdev,{line.Near},1200n81,local
            """);
        _process = new("ser2net", ["-n", "-u", "-c", config]);
    }

    /// <summary>The line, of which ser2net has the near end.</summary>
    public SerialPair Line { get; }

    public int Port { get; }

    /// <param name="accepter">How it speaks to its clients, before TCP.</param>
    public static async Task<Ser2net> StartAsync(string accepter = "telnet(rfc2217)")
    {
        Tool.Require("ser2net");
        var started = new Ser2net(await SerialPair.OpenAsync(), accepter);
        try
        {
            await Poll.UntilAsync(
                () => Task.FromResult(Array.Exists(Listeners(), entry => entry.Port == started.Port)), () => $"ser2net does not listen; it printed {started._process.Log}");
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await Line.DisposeAsync();
        _files.Dispose();
    }

    // Connecting to it would take the one connection that it has for the line.
    private static System.Net.IPEndPoint[] Listeners() =>
        System.Net.NetworkInformation.IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners();
}
