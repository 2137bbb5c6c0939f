namespace SocketSync.EndToEndTests;

/// <summary>A device that libmodbus makes, from modbus_device.c: a hundred holding registers.</summary>
internal sealed class ModbusDevice : IAsyncDisposable
{
    private readonly TestFiles _files = new();
    private ChildProcess? _process;

    private ModbusDevice()
    {
    }

    /// <summary>What it got, each request in hex.</summary>
    public IReadOnlyList<string> Requests => [.. _process!.Output.Where(line => line is not ("ready" or "connected"))];

    public int Connections => _process!.Output.Count(line => line == "connected");

    public static Task<ModbusDevice> StartTcpAsync(int port) => StartAsync("tcp", $"{port}");

    public static Task<ModbusDevice> StartRtuAsync(string line, int unit) => StartAsync("rtu", line, $"{unit}");

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _files.Dispose();
    }

    private static async Task<ModbusDevice> StartAsync(params string[] arguments)
    {
        var device = new ModbusDevice();
        try
        {
            await device.BuildAndRunAsync(arguments);
            return device;
        }
        catch
        {
            await device.DisposeAsync();
            throw;
        }
    }

    private async Task BuildAndRunAsync(string[] arguments)
    {
        await RealPrograms.CompileAsync("Recipes/modbus_device.c", _files["device"]);
        _process = new(_files["device"], arguments);
        await Poll.UntilAsync(() => _process.Output.Contains("ready", StringComparer.Ordinal), $"the device is ready: {_process.Log}");
    }
}
