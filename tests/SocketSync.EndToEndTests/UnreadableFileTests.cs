using System.Diagnostics;
using System.Net;
using System.Runtime.Versioning;

namespace SocketSync.EndToEndTests;

/// <summary>
/// Whatever becomes of the file while the server runs, the server goes on with the settings it has, says why in one line, and
/// takes the next file that it can read. Where the tests run as root, who may read everything, the server runs as another user.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class UnreadableFileTests : IDisposable
{
    private const string Kept = "is not applied, the old settings stay: ";

    private readonly TestFiles _files = new();
    private readonly string _config;

    public UnreadableFileTests() => _config = _files["appsettings.json"];

    public void Dispose() => _files.Dispose();

    public static TheoryData<string, string> Harms => new()
    {
        { "another user's", "denied" },
        { "deleted", "Could not find file" },
        { "a directory", "is a directory" },
        { "a pipe", "is not a regular file" },
        { "a link to nothing", "Could not find file" },
        { "a gigabyte", "is larger than 16 MiB" },
        { "not UTF-8", "is not text in UTF-8" },
    };

    [Theory]
    [MemberData(nameof(Harms))]
    public async Task IsToldAndChangesNothing(string harm, string told)
    {
        Write("Request");
        await using var server = Launch(out var http);
        await Poll.UntilAsync(() => server.Log.Contains("Listening: ", StringComparison.Ordinal), $"it listens; it printed {server.Log}");
        using var client = await TestClient.ConnectAsync(await PortAsync(http));

        await HarmAsync(harm);
        await WaitForLinesAsync(server, $"The changed configuration {Kept}{_config}: ", told, 1);
        Assert.Equal("a", await client.AskAsync("a"));
        server.HangUp();
        await WaitForLinesAsync(server, $"SIGHUP: the configuration {Kept}{_config}: ", told, 1);
        Assert.Equal("b", await client.AskAsync("b"));

        await UndoAsync();
        await WaitForLinesAsync(server, "The changed configuration is applied to Default", "", 1);
        Assert.Equal("c", await client.AskAsync("c"));
        Assert.Single(server.Output, line => line.Contains($"The changed configuration {Kept}", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", server.Log, StringComparison.Ordinal);
        server.Terminate();
        Assert.Equal(0, await server.ExitAsync(TimeSpan.FromSeconds(15)));
    }

    private ChildProcess Launch(out Uri http)
    {
        http = new($"http://127.0.0.1:{FreePort.Next()}");
        string[] command = ["dotnet", ServerProcess.Assembly("ServerAssembly"), "--config", _config, $"--urls={http}"];
        if (!Environment.IsPrivilegedProcess) return new(command[0], command[1..]);
        Tool.Require("setpriv");
        File.SetUnixFileMode(_files.Folder, File.GetUnixFileMode(_files.Folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        return new("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "--", .. command]);
    }

    private void Write(string hold, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead)
    {
        var next = _config + ".new";
        File.WriteAllText(next, ServerProcess.WholeFile($$"""
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" }, "Gate": { "Hold": "{{hold}}" } } }
            """));
        File.SetUnixFileMode(next, mode);
        File.Move(next, _config, overwrite: true);
    }

    private async Task HarmAsync(string harm)
    {
        if (harm == "another user's")
        {
            Write("Connection", Environment.IsPrivilegedProcess ? UnixFileMode.UserRead | UnixFileMode.UserWrite : UnixFileMode.None);
            return;
        }

        if (harm == "not UTF-8")
        {
            await File.WriteAllBytesAsync(_config, [.. "{ \"a\": \"M"u8, 0xFC, .. "ller\" }"u8], TestContext.Current.CancellationToken);
            return;
        }

        File.Delete(_config);
        if (harm == "a directory") Directory.CreateDirectory(_config);
        if (harm == "a link to nothing") File.CreateSymbolicLink(_config, _files["nowhere"]);
        if (harm == "a pipe")
        {
            using var made = Process.Start("mkfifo", [_config]);
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        if (harm != "a gigabyte") return;
        await using var large = File.Create(_config);
        large.SetLength(1L << 30);
    }

    /// <summary>A file whose rights are another's gets them back, and is as old and as long as it was.</summary>
    private async Task UndoAsync()
    {
        if (Directory.Exists(_config)) Directory.Delete(_config);
        if (File.Exists(_config) && new FileInfo(_config) is { Length: > 100 and < 1000 })
            File.SetUnixFileMode(_config, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        else
            Write("Connection");
        await Task.CompletedTask;
    }

    private static Task WaitForLinesAsync(ChildProcess server, string begins, string told, int count) => Poll.UntilAsync(
        () =>
        {
            Assert.False(server.HasExited, $"the server has ended; it printed:\n{server.Log}");
            return server.Output.Count(line => line.Contains(begins, StringComparison.Ordinal) && line.Contains(told, StringComparison.Ordinal)) == count;
        },
        $"{count} lines with '{begins}' and '{told}'");

    private static async Task<int> PortAsync(Uri http)
    {
        using var client = new HttpClient { BaseAddress = http };
        var status = await System.Net.Http.Json.HttpClientJsonExtensions.GetFromJsonAsync<ServerStatus>(
            client, "/api/status", System.Text.Json.JsonSerializerOptions.Web, TestContext.Current.CancellationToken);
        return status!.Listener.Port;
    }
}
