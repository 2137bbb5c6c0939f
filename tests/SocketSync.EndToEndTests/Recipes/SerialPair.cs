namespace SocketSync.EndToEndTests;

/// <summary>A serial line that socat makes: a tty at each end.</summary>
internal sealed class SerialPair : IAsyncDisposable
{
    private readonly TestFiles _files = new();
    private readonly ChildProcess _socat;

    private SerialPair()
    {
        Tool.Require("socat");
        _socat = new("socat", [$"PTY,link={Ours},raw,echo=0", $"PTY,link={Theirs},raw,echo=0"]);
    }

    /// <summary>The server's end.</summary>
    public string Ours => _files["ours"];

    /// <summary>The device's end.</summary>
    public string Theirs => _files["theirs"];

    public static async Task<SerialPair> OpenAsync()
    {
        var pair = new SerialPair();
        await Poll.UntilAsync(() => File.Exists(pair.Ours) && File.Exists(pair.Theirs), "both ends are there");
        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        await _socat.DisposeAsync();
        _files.Dispose();
    }
}
