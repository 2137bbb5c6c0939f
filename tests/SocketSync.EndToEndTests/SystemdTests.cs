using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

public sealed class SystemdTests : IDisposable
{
    private static readonly string UnitFile = Path.Combine(Recipe.Repository, "docs", "systemd", "socketsync.service");

    private readonly TestFiles _files = new();
    private readonly Socket _notices = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public SystemdTests() => _notices.Bind(new UnixDomainSocketEndPoint(_files["notify"]));

    public void Dispose()
    {
        _notices.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task IsToldWhenTheListenersAcceptAndWhenTheServerStops()
    {
        var port = FreePort.Next();
        await using var server = Start(port);
        Assert.Equal("READY=1", await NoticeAsync());
        using var client = await TestClient.ConnectAsync(port); // At the first attempt.
        Assert.Equal("a", await client.AskAsync("a"));

        server.Terminate();
        Assert.Equal("STOPPING=1", await NoticeAsync());
        Assert.Equal(0, await server.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, _notices.Available);
    }

    [Fact]
    public async Task IsToldNothingByAServerThatCannotStart()
    {
        var port = FreePort.Next();
        using var other = new TcpListener(System.Net.IPAddress.Loopback, port);
        other.Start();
        await using var server = Start(port);
        Assert.Equal(2, await server.ExitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(0, _notices.Available);
    }

    [Fact]
    public async Task TakesTheUnitFileWithoutAWord()
    {
        Tool.Require("systemd-analyze");
        // What is installed where is no business of the unit's form.
        var unit = UnitText().Replace("/usr/bin/dotnet", "/bin/sh", StringComparison.Ordinal).Replace("/bin/kill", "/bin/sh", StringComparison.Ordinal);
        await using var analysis = new ChildProcess("systemd-analyze", ["verify", "--man=no", _files.Write("socketsync.service", unit)]);
        var code = await analysis.ExitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("", string.Join('\n', analysis.Log.Split('\n').Where(line => line.Contains("socketsync", StringComparison.Ordinal))));
        Assert.Equal(0, code);
    }

    [Theory]
    [InlineData("Type", "notify")]
    [InlineData("ExecReload", "/bin/kill -HUP $MAINPID")]
    [InlineData("KillSignal", "SIGTERM")]
    [InlineData("Restart", "on-failure")]
    [InlineData("RestartPreventExitStatus", "2")] // An invalid configuration does not mend itself.
    [InlineData("DynamicUser", "yes")]
    [InlineData("NoNewPrivileges", "yes")]
    [InlineData("ProtectSystem", "strict")]
    [InlineData("CapabilityBoundingSet", "")]
    [InlineData("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX")]
    public void TheUnitSays(string key, string value) => Assert.Equal(value, Assert.Single(Values(key)));

    [Fact]
    public void TheUnitGivesTheDrainItsTime() =>
        Assert.True(int.Parse(Values("TimeoutStopSec").Single().TrimEnd('s'), System.Globalization.CultureInfo.InvariantCulture) > 8 + 5); // DrainTimeout, and the host's own time.

    /// <summary>.NET compiles into memory that it then executes.</summary>
    [Fact]
    public void TheUnitLetsCodeBeCompiled() => Assert.Empty(Values("MemoryDenyWriteExecute"));

    private static string UnitText() => File.ReadAllText(UnitFile);

    private static IEnumerable<string> Values(string key) => UnitText().Split('\n')
        .Where(line => line.StartsWith(key + "=", StringComparison.Ordinal))
        .Select(line => line[(key.Length + 1)..]);

    private ChildProcess Start(int port)
    {
        var file = _files.Write("appsettings.json", ServerProcess.WholeFile(Settings.EchoLines.Replace("\"Port\": 0", $"\"Port\": {port}", StringComparison.Ordinal)));
        string[] arguments = [ServerProcess.Assembly("ServerAssembly"), "--config", file, $"--urls=http://127.0.0.1:{FreePort.Next()}"];
        return new("dotnet", arguments, environment: new(StringComparer.Ordinal) { ["NOTIFY_SOCKET"] = _files["notify"] });
    }

    private async Task<string> NoticeAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        var buffer = new byte[256];
        return Encoding.UTF8.GetString(buffer, 0, await _notices.ReceiveAsync(buffer, limit.Token)).TrimEnd('\n');
    }
}
