using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>The package, and the README's host and plugin, built against nothing else.</summary>
[Collection(HeavyTests.Name)]
public sealed partial class PackageTests(PackedLibrary library) : IClassFixture<PackedLibrary>
{
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk.Web">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <Nullable>enable</Nullable>
            <ImplicitUsings>enable</ImplicitUsings>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="SocketSync" Version="VERSION" />
          </ItemGroup>
        </Project>
        """;

    private const string Processor = "sealed class Bench : IRequestProcessor";

    private static string Readme { get; } = File.ReadAllText(Path.Combine(Recipe.Repository, "README.md"));

    [Fact]
    public async Task TheReadmesHostServesWithIt()
    {
        var folder = await library.BuildAsync("host", Project, new(StringComparer.Ordinal)
        {
            ["Program.cs"] = Block("csharp", Processor),
            ["appsettings.json"] = Block("json", "\"Processor\": \"Bench\", \"Protocol\": { \"Name\": \"Line\" }"),
        });
        await using var host = await PackedHost.StartAsync(folder, Path.Combine("built", "host.dll"));

        using var client = await TestClient.ConnectAsync(await host.PortAsync());
        Assert.Equal("1: hello", await client.AskAsync("hello"));
        using var another = await TestClient.ConnectAsync(await host.PortAsync());
        Assert.Equal("2: again", await another.AskAsync("again"));

        Assert.Contains("\"Healthy\"", await host.GetAsync("/health/ready"), StringComparison.Ordinal);
        Assert.Contains("\"processor\":\"Bench\"", await host.GetAsync("/api/status"), StringComparison.Ordinal);
        await Poll.UntilAsync(
            async () => Metrics.Sum(await host.GetAsync("/metrics"), "socketsync_requests_total", "outcome=\"ok\"") == 2,
            () => "the metrics do not count both requests");

        var page = await host.GetAsync("/");
        var assets = Asset().Matches(page).Select(match => match.Groups["path"].Value).Order(StringComparer.Ordinal).ToList();
        Assert.Contains(assets, path => path.Contains("blazor.server", StringComparison.Ordinal));
        Assert.Contains(assets, path => path.Contains("MudBlazor", StringComparison.Ordinal));
        foreach (var path in assets) Assert.NotEmpty(await host.GetAsync($"/{path}"));
    }

    [Fact]
    public async Task TheReadmesPluginIsBuiltWithItAndServes()
    {
        var code = Block("csharp", Processor);
        var folder = await library.BuildAsync(
            "Bench",
            Block("xml", "<EnableDynamicLoading>").Replace("\"0.1.0-beta.1\"", "\"VERSION\"", StringComparison.Ordinal),
            new(StringComparer.Ordinal)
            {
                ["Bench.cs"] = $"using System.Buffers;\nusing System.Text;\nusing SocketSync;\n\npublic {code[code.IndexOf(Processor, StringComparison.Ordinal)..]}",
            });
        var plugin = Path.Combine(folder, "built", "Bench.dll");
        Assert.Equal(
            ["Bench.deps.json", "Bench.dll", "Bench.pdb", "Bench.runtimeconfig.json"],
            Directory.GetFiles(Path.GetDirectoryName(plugin)!).Select(Path.GetFileName).Order(StringComparer.Ordinal), StringComparer.Ordinal);

        await using var server = await ServerProcess.StartWithPluginAsync("""
            {
              "SocketSync": {
                "Plugins": [ "plugins/Bench.dll" ],
                "Listeners": { "Default": { "Port": 0 } },
                "Resources": { "Default": { "Processor": "Bench", "Protocol": { "Name": "Line" } } }
              }
            }
            """, plugin);
        using var client = await server.ConnectAsync();
        Assert.Equal("1: hello", await client.AskAsync("hello"));
    }

    [Fact]
    public void HoldsTheLibraryItsCommentsAndTheReadme()
    {
        using var package = library.Open("nupkg");
        Assert.Equal(
            ["README.md", "SocketSync.nuspec", "lib/net10.0/SocketSync.dll", "lib/net10.0/SocketSync.xml"],
            package.Entries.Select(e => e.FullName).Where(IsContent).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.Equal(Readme, Encoding.UTF8.GetString(Bytes(package, "README.md")));

        using var symbols = library.Open("snupkg");
        Assert.Single(symbols.Entries, e => e.FullName == "lib/net10.0/SocketSync.pdb");
    }

    [Fact]
    public void NamesNoFolderOfTheMachineThatBuiltIt()
    {
        using var package = library.Open("nupkg");
        using var symbols = library.Open("snupkg");
        var folder = Recipe.Repository.TrimEnd(Path.DirectorySeparatorChar);
        foreach (var entry in package.Entries.Concat(symbols.Entries))
        {
            var bytes = Bytes(entry);
            Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(folder)) < 0, $"{entry.FullName} names {folder}");
            Assert.True(bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes(folder)) < 0, $"{entry.FullName} names {folder}");
        }
    }

    /// <summary>What the page's own elements fetch.</summary>
    [GeneratedRegex("<(?:link|script) [^>]*(?:href|src)=\"(?<path>[^\"]+)\"", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Asset();

    private static bool IsContent(string name) =>
        name is not ("[Content_Types].xml" or "_rels/.rels") && !name.StartsWith("package/", StringComparison.Ordinal);

    /// <summary>The README's only block of that language with those words in it.</summary>
    private static string Block(string language, string words) => Assert.Single(
        Readme.Split("\n```").Where(part => part.StartsWith(language + "\n", StringComparison.Ordinal)),
        part => part.Contains(words, StringComparison.Ordinal))[(language.Length + 1)..];

    private static byte[] Bytes(ZipArchive archive, string name) => Bytes(archive.GetEntry(name)!);

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using var stream = entry.Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
