namespace SocketSync.EndToEndTests;

/// <summary>A serial line of two pseudo-terminals: the server opens one end, the test plays the device at the other.</summary>
internal sealed class SerialPair : IAsyncDisposable
{
    private readonly TestFiles _files;
    private readonly ChildProcess _socat;
    private readonly FileStream _far;

    private SerialPair(TestFiles files, ChildProcess socat)
    {
        _files = files;
        _socat = socat;
        _far = new FileStream(files["far"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
    }

    /// <summary>The path of the end that the server opens.</summary>
    public string Near => _files["near"];

    public static async Task<SerialPair> OpenAsync()
    {
        RequireTool("socat");
        var files = new TestFiles();
        var socat = new ChildProcess("socat", [$"PTY,link={files["near"]},raw,echo=0", $"PTY,link={files["far"]},raw,echo=0"]);
        await Poll.UntilAsync(() => File.Exists(files["near"]) && File.Exists(files["far"]), "socat made no pair");
        return new(files, socat);
    }

    public static void RequireTool(string tool)
    {
        if (Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, tool)))) return;
        if (Environment.GetEnvironmentVariable("CI") is "true" or "1") Assert.Fail($"{tool} is not installed");
        Assert.Skip($"{tool} is not installed");
    }

    public async Task<byte[]> ReadAsync(int length)
    {
        var bytes = new byte[length];
        // A read of a terminal blocks its thread whatever its token says; the end of socat ends it.
        await Task.Run(() => _far.ReadExactly(bytes)).WaitAsync(TimeSpan.FromSeconds(15));
        return bytes;
    }

    public Task WriteAsync(byte[] bytes) => Task.Run(() => _far.Write(bytes));

    public async ValueTask DisposeAsync()
    {
        await _socat.DisposeAsync();
        await _far.DisposeAsync();
        _files.Dispose();
    }
}
