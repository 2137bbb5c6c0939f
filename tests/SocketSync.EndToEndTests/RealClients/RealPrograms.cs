namespace SocketSync.EndToEndTests;

/// <summary>
/// Modbus clients and devices that others wrote: libmodbus (C), pymodbus (Python) and modbus-serial (Node). They are built and
/// installed when a test first wants them, in a folder that goes with the test class.
/// </summary>
public sealed class RealPrograms : IDisposable
{
    public const string Libmodbus = "libmodbus";
    public const string Pymodbus = "pymodbus";
    public const string ModbusSerial = "modbus-serial";

    // Debian's own Python, for which its packages are installed; another may come first in the path.
    private const string Python = "/usr/bin/python3";

    private static readonly TimeSpan Installing = TimeSpan.FromSeconds(60);

    private readonly TestFiles _files = new();
    private readonly SemaphoreSlim _preparing = new(1, 1);
    private readonly HashSet<string> _prepared = new(StringComparer.Ordinal);

    public void Dispose()
    {
        _files.Dispose();
        _preparing.Dispose();
    }

    /// <summary>Starts a client that writes and reads registers of its own, and looks at each reply.</summary>
    internal async Task<ChildProcess> StartClientAsync(string library, int port, int unit, int first, int rounds)
    {
        await PrepareAsync(library);
        string[] arguments = [$"{port}", $"{unit}", $"{first}", $"{rounds}"];
        return library switch
        {
            Libmodbus => new(_files["modbus_client"], arguments),
            Pymodbus => new(Python, [_files["modbus_client.py"], .. arguments]),
            _ => new("node", [_files["modbus_client.js"], .. arguments]),
        };
    }

    /// <summary>Starts a device with holding registers, which any unit reaches.</summary>
    internal async Task<ChildProcess> StartDeviceAsync(string library, int port)
    {
        await PrepareAsync(library);
        return library switch
        {
            Libmodbus => new(_files["modbus_device"], ["tcp", $"{port}"]),
            Pymodbus => new(Python, [_files["modbus_server.py"], $"{port}"]),
            _ => new("node", [_files["modbus_server.js"], $"{port}"]),
        };
    }

    /// <summary>Compiles a program that uses libmodbus.</summary>
    internal static async Task CompileAsync(string source, string program)
    {
        Tool.Require("gcc", "/usr/include/modbus/modbus.h");
        var path = Path.Combine(Recipe.Repository, "tests/SocketSync.EndToEndTests", source);
        await using var compiler = new ChildProcess("gcc", ["-Wall", "-Werror", "-I/usr/include/modbus", "-o", program, path, "-lmodbus"]);
        Assert.True(await compiler.ExitAsync(TimeSpan.FromSeconds(30)) == 0, compiler.Log);
    }

    private async Task PrepareAsync(string library)
    {
        await _preparing.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (_prepared.Contains(library)) return;
            await (library switch
            {
                Libmodbus => PrepareLibmodbusAsync(),
                Pymodbus => PreparePymodbusAsync(),
                _ => PrepareModbusSerialAsync(),
            });
            _prepared.Add(library);
        }
        finally
        {
            _preparing.Release();
        }
    }

    private async Task PrepareLibmodbusAsync()
    {
        await CompileAsync("RealClients/modbus_client.c", _files["modbus_client"]);
        await CompileAsync("Recipes/modbus_device.c", _files["modbus_device"]);
    }

    private Task PreparePymodbusAsync()
    {
        Tool.Require(Python, "/usr/lib/python3/dist-packages/pymodbus/__init__.py", "/usr/lib/python3/dist-packages/serial_asyncio/__init__.py");
        Copy("modbus_client.py", "modbus_server.py");
        return Task.CompletedTask;
    }

    // The versions of all that it brings are in the lock file, with their hashes.
    private async Task PrepareModbusSerialAsync()
    {
        Tool.Require("node", "npm");
        Copy("package.json", "package-lock.json", "modbus_client.js", "modbus_server.js");
        await using var npm = new ChildProcess("npm", ["ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"], _files.Folder);
        if (await npm.ExitAsync(Installing) != 0) Tool.Missing($"npm cannot install {ModbusSerial}: {npm.Log}");
    }

    private void Copy(params string[] names)
    {
        foreach (var name in names)
            File.Copy(Path.Combine(Recipe.Repository, "tests/SocketSync.EndToEndTests/RealClients", name), _files[name]);
    }
}
