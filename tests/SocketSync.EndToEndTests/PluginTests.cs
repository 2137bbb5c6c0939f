using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>The server with the sample plugin, or with what somebody might take for one.</summary>
public sealed class PluginTests : IDisposable
{
    private const string Plugin = "plugins/SocketSync.SamplePlugin.dll";

    private readonly TestFiles _files = new();

    public PluginTests() => _files.Copy(Sample, "plugins");

    private static string Sample => ServerProcess.Assembly("SamplePluginAssembly");

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task ServesAProcessorThatWasNotBuiltIntoIt()
    {
        await using var server = await ServerProcess.StartWithPluginAsync($$"""
            {
              "SocketSync": {
                "Plugins": [ "{{Plugin}}" ],
                "Listeners": { "Default": { "Port": 0 } },
                "Resources": { "Default": { "Processor": "bench", "Protocol": { "Name": "Line" } } }
              },
              "Bench": { "Name": "by-injection" }
            }
            """, Sample);
        using var client = await server.ConnectAsync();
        // Its own version of a library, of which the server has another.
        Assert.Equal("1 by-injection 3.1.1.0", await client.AskAsync("a"));
        Assert.Equal("2 by-injection 3.1.1.0", await client.AskAsync("b"));
        Assert.Equal("Bench", (await server.StatusAsync()).Resource.Processor);
        await server.WaitForLogAsync("The bench has served 2"); // By the server's own log.
    }

    [Fact]
    public async Task CheckTellsWhatItBrings()
    {
        await using var check = Check(Plugin);
        Assert.Equal(0, await check.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Contains($"plugin {Plugin}: version 4.7.11.0, processors Bench, Demanding", check.Output, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("plugins/Nothing.dll", "there is no such file in ")]
    [InlineData("plugins", "is a folder")]
    [InlineData("plugins/Serilog.dll", "has no processor: no public class in it implements IRequestProcessor")]
    [InlineData("plugins/SocketSync.SamplePlugin.deps.json", "is not a .NET assembly")]
    [InlineData("../SocketSync.SamplePlugin.dll", "must be a relative path that stays inside ")]
    [InlineData("plugins/../../x.dll", "must be a relative path that stays inside ")]
    [InlineData("/etc/hostname", "must be a relative path that stays inside ")]
    public async Task WhatCannotBeOneIsToldInOneLine(string path, string words)
    {
        await using var check = Check(path);
        await FailedStart.AssertRefusedAsync(check, "SocketSync:Plugins:0: ", $"'{path}': ", words);
    }

    [Fact]
    public async Task AFailedPluginEndsTheStartToo()
    {
        await using var server = FailedStart.Launch(Config("plugins/Nothing.dll"));
        await FailedStart.AssertRefusedAsync(server, "SocketSync:Plugins:0: 'plugins/Nothing.dll': there is no such file in ");
    }

    [Fact]
    public async Task ALinkThatLeavesTheFolderIsRefused()
    {
        using var elsewhere = new TestFiles();
        File.Copy(Sample, elsewhere["Other.dll"]);
        File.CreateSymbolicLink(_files["link.dll"], elsewhere["Other.dll"]);
        Directory.CreateSymbolicLink(_files["linked"], elsewhere.Folder);
        File.CreateSymbolicLink(_files["twice.dll"], "linked/Other.dll");
        foreach (var path in (string[])["link.dll", "linked/Other.dll", "twice.dll"])
        {
            await using var check = Check(path);
            await FailedStart.AssertRefusedAsync(check, $"'{path}': ", "is a link that leaves ");
        }
    }

    [Fact]
    public async Task ALinkWithinTheFolderIsNone()
    {
        Directory.CreateSymbolicLink(_files["current"], "plugins");
        await using var check = Check("current/SocketSync.SamplePlugin.dll");
        Assert.Equal(0, await check.ExitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task AProcessorThatIsNotPublicIsNamed()
    {
        File.Copy(ServerProcess.Assembly("TestHostAssembly"), _files["plugins/TestHost.dll"]);
        await using var check = Check("plugins/TestHost.dll");
        await FailedStart.AssertRefusedAsync(check, "has no processor", "(Converse, Judged, Scripted, Where are not public)");
    }

    [Fact]
    public async Task AnotherVersionOfTheLibraryIsNamed()
    {
        Patch(bytes => SetLibraryVersion(bytes, 7, 3));
        await using var check = Check(Plugin);
        await FailedStart.AssertRefusedAsync(check, "was built against SocketSync 7.3, this is 0.1; build it against this one");
    }

    [Fact]
    public async Task WhatTheLibraryHasNotIsTold()
    {
        Patch(bytes => Rename(bytes, "RequestContext", "RequestContexx"));
        await using var check = Check(Plugin);
        await FailedStart.AssertRefusedAsync(check, "does not fit: it was built against SocketSync 0.1, this is 0.1: ", "ProcessAsync");
    }

    [Fact]
    public async Task AMissingDependencyIsNamed()
    {
        Patch(bytes => Rename(bytes, "Serilog", "Serilox"));
        await using var check = Check(Plugin);
        await FailedStart.AssertRefusedAsync(check, "needs Serilox 2.0.0.0, which is neither beside it nor in the host");
    }

    [Fact]
    public async Task TwoOfTheSameNameAreRefused()
    {
        _files.Copy(Sample, "others");
        await using var check = Check(Plugin, "others/SocketSync.SamplePlugin.dll");
        await FailedStart.AssertRefusedAsync(check, "SocketSync:Plugins:1: ", $"has a processor named Bench, and so has {Plugin}");
    }

    [Fact]
    public async Task OneNamedAsTheServersOwnIsRefused()
    {
        Patch(bytes => Rename(bytes, "Bench", "Relay"));
        await using var check = Check(Plugin);
        await FailedStart.AssertRefusedAsync(check, "has a processor named Relay, and so has the host itself");
    }

    [Fact]
    public async Task AProcessorThatCannotBeCreatedEndsTheStart()
    {
        await using var server = FailedStart.Launch(Config(Plugin), "--SocketSync:Resources:Default:Processor=Demanding");
        await FailedStart.AssertRefusedAsync(server, $"SocketSync:Plugins:0: '{Plugin}': processor Demanding cannot be created: ", "Wish");
    }

    private ChildProcess Check(params string[] paths) =>
        new("dotnet", [ServerProcess.Assembly("ServerAssembly"), "check", "--config", Config(paths)]);

    private string Config(params string[] paths) => _files.Write("config.json", ServerProcess.WholeFile($$"""
        "Plugins": [ "{{string.Join("\", \"", paths)}}" ],
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": { "Processor": "Bench" } }
        """));

    private void Patch(Action<byte[]> patch)
    {
        var bytes = File.ReadAllBytes(_files[Plugin]);
        patch(bytes);
        File.WriteAllBytes(_files[Plugin], bytes);
    }

    /// <summary>Lets the assembly say that it was compiled against another version of the library.</summary>
    private static void SetLibraryVersion(byte[] bytes, byte major, byte minor)
    {
        using var image = new PEReader(new MemoryStream([.. bytes]));
        var metadata = image.GetMetadataReader();
        var reference = metadata.AssemblyReferences.Single(r => metadata.StringComparer.Equals(metadata.GetAssemblyReference(r).Name, "SocketSync"));
        var at = image.PEHeaders.MetadataStartOffset + metadata.GetTableMetadataOffset(TableIndex.AssemblyRef)
            + (MetadataTokens.GetRowNumber(reference) - 1) * metadata.GetTableRowSize(TableIndex.AssemblyRef);
        (bytes[at], bytes[at + 2]) = (major, minor); // Two bytes each, the low one first.
    }

    /// <summary>Gives whatever has a name in the assembly another one of the same length.</summary>
    private static void Rename(byte[] bytes, string name, string other)
    {
        byte[] from = [0, .. Encoding.UTF8.GetBytes(name), 0];
        for (var at = bytes.AsSpan().IndexOf(from); at >= 0; at = bytes.AsSpan().IndexOf(from))
            Encoding.UTF8.GetBytes(other).CopyTo(bytes.AsSpan(at + 1));
    }
}
