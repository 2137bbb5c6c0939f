namespace SocketSync.EndToEndTests;

/// <summary>A serial line of two pseudo-terminals: the server opens one end, the device the other.</summary>
internal sealed class SerialPair : IAsyncDisposable
{
    private readonly TestFiles _files;
    private readonly ChildProcess _socat;
    private FileStream? _far;

    private SerialPair(TestFiles files, ChildProcess socat)
    {
        _files = files;
        _socat = socat;
    }

    /// <summary>The path of the end that the server opens.</summary>
    public string Near => _files["near"];

    /// <summary>The device's end, for a device that is a program.</summary>
    public string FarPath => _files["far"];

    /// <summary>The device's end, opened by the test.</summary>
    private FileStream Far => _far ??= new FileStream(FarPath, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);

    public static async Task<SerialPair> OpenAsync()
    {
        Tool.Require("socat");
        var files = new TestFiles();
        var socat = new ChildProcess("socat", [$"PTY,link={files["near"]},raw,echo=0", $"PTY,link={files["far"]},raw,echo=0"]);
        await Poll.UntilAsync(() => File.Exists(files["near"]) && File.Exists(files["far"]), "socat made no pair");
        return new(files, socat);
    }

    public async Task<byte[]> ReadAsync(int length)
    {
        var bytes = new byte[length];
        // A read of a terminal blocks its thread whatever its token says; the end of socat ends it.
        await Task.Run(() => Far.ReadExactly(bytes)).WaitAsync(TimeSpan.FromSeconds(15));
        return bytes;
    }

    /// <summary>How the near end is set by whoever has opened it, as stty tells it.</summary>
    public async Task<string> SettingsAsync()
    {
        await using var stty = new ChildProcess("stty", ["-a", "-F", Near]);
        Assert.Equal(0, await stty.ExitAsync(TimeSpan.FromSeconds(10)));
        return string.Join('\n', stty.Output);
    }

    public Task WriteAsync(byte[] bytes) => Task.Run(() => Far.Write(bytes));

    public async ValueTask DisposeAsync()
    {
        await _socat.DisposeAsync();
        if (_far is not null) await _far.DisposeAsync();
        _files.Dispose();
    }
}
