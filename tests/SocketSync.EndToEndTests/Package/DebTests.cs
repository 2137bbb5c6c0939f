using System.Runtime.InteropServices;

namespace SocketSync.EndToEndTests;

/// <summary>What the Debian package installs, and how. It is not installed: that would change the machine.</summary>
[Collection(PackedTests.Name)]
public sealed class DebTests(DebianPackage package) : IClassFixture<DebianPackage>
{
    private const string Config = "/etc/socketsync/appsettings.json";
    private const string Unit = "usr/lib/systemd/system/socketsync.service";

    [Fact]
    public async Task TellsWhatItIsAndWhatItNeeds()
    {
        var arch = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        Assert.Equal($"socketsync_0.1.0_{arch}.deb", package.Name);
        var fields = await package.FieldsAsync();
        Assert.Contains("Package: socketsync", fields, StringComparer.Ordinal);
        Assert.Contains("Version: 0.1.0", fields, StringComparer.Ordinal);
        Assert.Contains($"Architecture: {arch}", fields, StringComparer.Ordinal);
        Assert.Contains("adduser", Assert.Single(fields, line => line.StartsWith("Depends: ", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal($"{Config}\n", package.Text("DEBIAN/conffiles"));
    }

    [Theory]
    [InlineData("-rwxr-xr-x root/root", "./usr/lib/socketsync/socketsync")]
    [InlineData("-rw-r--r-- root/root", "./usr/lib/socketsync/libSystem.IO.Ports.Native.so")]
    [InlineData("-rw-r--r-- root/root", $".{Config}")]
    [InlineData("-rw-r--r-- root/root", $"./{Unit}")]
    [InlineData("-rw-r--r-- root/root", "./usr/share/man/man1/socketsync.1.gz")]
    [InlineData("-rw-r--r-- root/root", "./usr/share/bash-completion/completions/socketsync")]
    [InlineData("-rw-r--r-- root/root", "./usr/share/doc/socketsync/copyright")]
    [InlineData("-rw-r--r-- root/root", "./usr/share/doc/socketsync/changelog.gz")]
    [InlineData("lrwxrwxrwx root/root", "./usr/bin/socketsync -> ../lib/socketsync/socketsync")]
    [InlineData("lrwxrwxrwx root/root", $"./usr/lib/socketsync/appsettings.json -> {Config}")]
    public void Holds(string rights, string path) => Assert.Single(
        package.Contents, line => line.StartsWith(rights, StringComparison.Ordinal) && line.EndsWith($" {path}", StringComparison.Ordinal));

    [Fact]
    public async Task ItsProgramServesWithTheConfigurationThatItInstalls()
    {
        // By the link that stands on the PATH; the environment of a service says nothing of .NET.
        await using var host = await PackedHost.StartProgramAsync("/", "env", "-i", package["usr/bin/socketsync"], "--config", package[Config[1..]]);
        using var client = await TestClient.ConnectAsync(await host.PortAsync());
        Assert.Equal("hello", await client.AskAsync("hello"));
    }

    /// <summary>An administrator who names no file means that of the machine.</summary>
    [Fact]
    public async Task ReadsTheConfigurationOfTheMachine()
    {
        var link = package["usr/lib/socketsync/appsettings.json"];
        var there = package[Config[1..]];
        File.Delete(link);
        File.CreateSymbolicLink(link, there);
        var output = await DebianPackage.RunAsync(package["usr/bin/socketsync"], ["check", "--SocketSync:Listeners:Default:Port=0", $"--urls=http://127.0.0.1:{FreePort.Next()}"]);
        Assert.Equal($"{there} is valid. It would run:", output[0]);
    }

    [Fact]
    public async Task SystemdTakesItsUnit()
    {
        Tool.Require("systemd-analyze");
        var unit = package.Text(Unit);
        Assert.Contains($"\nExecStart=/usr/bin/socketsync --config {Config}\n", unit, StringComparison.Ordinal);
        Assert.Contains("\nUser=socketsync\nGroup=socketsync\n", unit, StringComparison.Ordinal);
        Assert.DoesNotContain("dotnet", unit, StringComparison.Ordinal);
        Assert.DoesNotContain("DynamicUser", unit, StringComparison.Ordinal);
        using var files = new TestFiles();
        // What is installed where is no business of the unit's form.
        var file = files.Write("socketsync.service", unit.Replace("/usr/bin/socketsync", "/bin/sh", StringComparison.Ordinal).Replace("/bin/kill", "/bin/sh", StringComparison.Ordinal));
        await using var analysis = new ChildProcess("systemd-analyze", ["verify", "--man=no", file]);
        Assert.Equal(0, await analysis.ExitAsync(TimeSpan.FromSeconds(30)));
        Assert.DoesNotContain("socketsync", analysis.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postinst", "configure")]
    [InlineData("prerm", "remove")]
    [InlineData("postrm", "purge")]
    public async Task ItsScriptsAreShellScripts(string script, string action)
    {
        Assert.Contains(action, package.Text($"DEBIAN/{script}"), StringComparison.Ordinal);
        Assert.StartsWith("#!/bin/sh\nset -e\n", package.Text($"DEBIAN/{script}"), StringComparison.Ordinal);
        await DebianPackage.RunAsync("sh", ["-n", package[$"DEBIAN/{script}"]]);
    }

    [Fact]
    public async Task ItsManualAndCompletionNameTheCommandAsItIsInstalled()
    {
        var manual = string.Join('\n', await DebianPackage.RunAsync("gzip", ["-dc", package["usr/share/man/man1/socketsync.1.gz"]]));
        Assert.Contains("\nsocketsync status", manual, StringComparison.Ordinal);
        Assert.DoesNotContain("SocketSync.Server", manual, StringComparison.Ordinal);
        Assert.DoesNotContain("docs/", manual, StringComparison.Ordinal);
        Assert.EndsWith("complete -o default -F _socketsync socketsync\n", package.Text("usr/share/bash-completion/completions/socketsync"), StringComparison.Ordinal);
    }

    /// <summary>Editors find the schema where the package puts it.</summary>
    [Fact]
    public void ItsConfigurationNamesItsSchema()
    {
        const string Schema = "usr/share/socketsync/appsettings.schema.json";
        Assert.Contains($"\"$schema\": \"file:///{Schema}\"", package.Text(Config[1..]), StringComparison.Ordinal);
        Assert.True(File.Exists(package[Schema]));
    }
}
