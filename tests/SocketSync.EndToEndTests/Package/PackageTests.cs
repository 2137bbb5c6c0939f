using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;

namespace SocketSync.EndToEndTests;

/// <summary>The packages, what they bring to a host, and the hosts and the plugin of the documents, built against nothing else.</summary>
[Collection(PackedTests.Name)]
public sealed class PackageTests(PackedPackages packages)
{
    private const string Processor = "sealed class Bench : IRequestProcessor";

    private const string Exporter = "OpenTelemetry.Exporter.Prometheus.AspNetCore";

    private const string MudBlazor = "MudBlazor";

    private const string Ports = "System.IO.Ports";

    private const string BenchSettings = "\"Processor\": \"Bench\", \"Protocol\": { \"Name\": \"Line\" }";

    private static string Readme { get; } = File.ReadAllText(Path.Combine(Recipe.Repository, "README.md"));

    private static string Document { get; } = File.ReadAllText(Path.Combine(Recipe.Repository, "docs", "library.md"));

    [Fact]
    public async Task TheDocumentsHostServesWithThem()
    {
        var folder = await packages.BuildAsync("host", Project($"""
            <PackageReference Include="{PackedPackages.Dashboard}" Version="VERSION" />
            <PackageReference Include="OpenTelemetry.Extensions.Hosting" Version="{CentralVersion("OpenTelemetry.Extensions.Hosting")}" />
            <PackageReference Include="{Exporter}" Version="{CentralVersion(Exporter)}" />
            """), new(StringComparer.Ordinal)
        {
            ["Program.cs"] = WithMetrics(Block(Document, "csharp", Processor)),
            ["appsettings.json"] = Block(Document, "json", BenchSettings),
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
        await host.AssertPageIsWholeAsync();
    }

    [Fact]
    public async Task TheDocumentsPluginIsBuiltWithThemAndServes()
    {
        var code = Block(Document, "csharp", Processor);
        var folder = await packages.BuildAsync(
            "Bench",
            Block(Document, "xml", "<EnableDynamicLoading>").Replace("\"0.1.0\"", "\"VERSION\"", StringComparison.Ordinal),
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
    public async Task TheLibraryBringsNeitherPageNorExporterToTheReadmesHost()
    {
        var folder = await BuildHostAsync("plain", PackedPackages.Library, new(StringComparer.Ordinal)
        {
            ["Program.cs"] = Block(Readme, "csharp", Processor),
            ["appsettings.json"] = Block(Readme, "json", BenchSettings),
        });
        AssertBrings(folder, "plain", [PackedPackages.Library, Ports]);

        await using var host = await PackedHost.StartAsync(folder, Path.Combine("built", "plain.dll"));
        using var client = await TestClient.ConnectAsync(await host.PortAsync());
        Assert.Equal("1: hello", await client.AskAsync("hello"));
        Assert.Contains("\"Healthy\"", await host.GetAsync("/health/ready"), StringComparison.Ordinal);
        Assert.Contains("\"Default\"", await host.GetAsync("/api/status"), StringComparison.Ordinal);
        foreach (var path in (string[])["/", "/_page/hub", "/metrics"])
            Assert.Equal(HttpStatusCode.NotFound, await host.StatusOfAsync(path));
    }

    [Fact]
    public async Task TheDashboardBringsTheLibraryAndTheWholePage()
    {
        var folder = await BuildEmptyHostAsync("paged", PackedPackages.Dashboard, "builder.AddSocketSync().AddDashboard()");
        AssertBrings(folder, "paged", [MudBlazor, PackedPackages.Library, PackedPackages.Dashboard, Ports]);

        await using var host = await PackedHost.StartAsync(folder, Path.Combine("built", "paged.dll"));
        await host.AssertPageIsWholeAsync();
        Assert.Contains("\"Default\"", await host.GetAsync("/api/status"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, await host.StatusOfAsync("/metrics"));
    }

    [Theory]
    [InlineData(PackedPackages.Library)]
    [InlineData(PackedPackages.Dashboard)]
    [InlineData(PackedPackages.Cluster)]
    [InlineData(PackedPackages.Testing)]
    public void HoldsTheAssemblyItsCommentsAndTheReadme(string id)
    {
        using var package = packages.Open(id, "nupkg");
        string[] schema = id == PackedPackages.Library ? ["ConfigurationSchema.json", "buildTransitive/net10.0/SocketSync.targets"] : [];
        string[] content = ["CHANGELOG.md", "README.md", "icon.png", $"{id}.nuspec", $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml", .. schema];
        Assert.Equal(
            content.Order(StringComparer.Ordinal),
            package.Entries.Select(e => e.FullName).Where(IsContent).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.Equal(Readme, Encoding.UTF8.GetString(Bytes(package, "README.md")));

        using var symbols = packages.Open(id, "snupkg");
        Assert.Single(symbols.Entries, e => e.FullName == $"lib/net10.0/{id}.pdb");
    }

    [Fact]
    public void DependOnReleasesOnly()
    {
        Assert.Equal([Ports], DependenciesOf(PackedPackages.Library).Keys, StringComparer.Ordinal);

        var dependencies = DependenciesOf(PackedPackages.Dashboard);
        // The last is the library's own. It stands here too because the repository pins what packages bring.
        Assert.Equal([MudBlazor, PackedPackages.Library, Ports], dependencies.Keys, StringComparer.Ordinal);
        // The dashboard uses what is internal to the library, which may change with any version.
        Assert.Equal($"[{packages.Version}]", dependencies[PackedPackages.Library]);
        var cluster = DependenciesOf(PackedPackages.Cluster);
        Assert.Equal($"[{packages.Version}]", cluster[PackedPackages.Library]); // so does the cluster
        Assert.Contains("Microsoft.Orleans.Server", cluster.Keys, StringComparer.Ordinal);
        var testing = DependenciesOf(PackedPackages.Testing);
        Assert.Equal([PackedPackages.Library, Ports], testing.Keys, StringComparer.Ordinal);
        Assert.Equal($"[{packages.Version}]", testing[PackedPackages.Library]);

        Assert.All(dependencies.Concat(cluster).Concat(DependenciesOf(PackedPackages.Library)), dependency => Assert.DoesNotContain('-', dependency.Value));
    }

    [Theory]
    [InlineData(PackedPackages.Library)]
    [InlineData(PackedPackages.Dashboard)]
    [InlineData(PackedPackages.Cluster)]
    [InlineData(PackedPackages.Testing)]
    public void NamesNoFolderOfTheMachineThatBuiltIt(string id)
    {
        using var package = packages.Open(id, "nupkg");
        using var symbols = packages.Open(id, "snupkg");
        var folder = Recipe.Repository.TrimEnd(Path.DirectorySeparatorChar);
        foreach (var entry in package.Entries.Concat(symbols.Entries))
        {
            var bytes = Bytes(entry);
            Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(folder)) < 0, $"{entry.FullName} names {folder}");
            Assert.True(bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes(folder)) < 0, $"{entry.FullName} names {folder}");
        }
    }

    /// <summary>The assemblies beside the host's own, and what its .deps.json names.</summary>
    private static void AssertBrings(string folder, string name, string[] expected)
    {
        var assemblies = Directory.GetFiles(Path.Combine(folder, "built"), "*.dll").Select(path => Path.GetFileNameWithoutExtension(path)!);
        Assert.Equal(expected, assemblies.Where(assembly => assembly != name).Order(StringComparer.Ordinal), StringComparer.Ordinal);

        using var dependencies = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "built", $"{name}.deps.json")));
        var libraries = dependencies.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name.Split('/')).ToList();
        Assert.All(libraries, library => Assert.DoesNotContain('-', library[1]));
        Assert.Equal(
            expected,
            libraries.Select(library => library[0]).Where(library => library != name && !IsNative(library)).Order(StringComparer.Ordinal),
            StringComparer.Ordinal);

        // The native halves of System.IO.Ports, one for each kind of machine.
        static bool IsNative(string library) => library.StartsWith("runtime.", StringComparison.Ordinal);
    }

    private static bool IsContent(string name) =>
        name is not ("[Content_Types].xml" or "_rels/.rels") && !name.StartsWith("package/", StringComparison.Ordinal);

    private static string Project(string references) => $"""
        <Project Sdk="Microsoft.NET.Sdk.Web">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <Nullable>enable</Nullable>
            <ImplicitUsings>enable</ImplicitUsings>
            <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
          </PropertyGroup>
          <ItemGroup>
            {references}
          </ItemGroup>
        </Project>
        """;

    /// <summary>The document's host, with the document's lines for <c>/metrics</c> where they belong.</summary>
    private static string WithMetrics(string host)
    {
        var lines = Block(Document, "csharp", "AddPrometheusExporter").Split('\n');
        string Line(string start) => Assert.Single(lines, line => line.StartsWith(start, StringComparison.Ordinal)) + "\n";
        return Line("using ") + host
            .Replace("var app =", Line("builder.") + "var app =", StringComparison.Ordinal)
            .Replace("app.Run()", Line("app.") + "app.Run()", StringComparison.Ordinal);
    }

    /// <summary>The version in which the server has a package, and which is therefore on this machine.</summary>
    private static string CentralVersion(string package) => XDocument.Load(Path.Combine(Recipe.Repository, "Directory.Packages.props"))
        .Descendants("PackageVersion").Single(version => (string?)version.Attribute("Include") == package).Attribute("Version")!.Value;

    /// <summary>A document's only block of that language with those words in it.</summary>
    private static string Block(string document, string language, string words) => Assert.Single(
        document.Split("\n```").Where(part => part.StartsWith(language + "\n", StringComparison.Ordinal)),
        part => part.Contains(words, StringComparison.Ordinal))[(language.Length + 1)..];

    private static byte[] Bytes(ZipArchive archive, string name) => Bytes(archive.GetEntry(name)!);

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using var stream = entry.Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>A host that adds and maps SocketSync, and has nothing of its own.</summary>
    private Task<string> BuildEmptyHostAsync(string name, string package, string add) => BuildHostAsync(name, package, new(StringComparer.Ordinal)
    {
        ["Program.cs"] = $"""
            using SocketSync;

            var builder = WebApplication.CreateBuilder(args);
            {add};
            var app = builder.Build();
            app.MapSocketSync();
            app.Run();
            """,
    });

    private Task<string> BuildHostAsync(string name, string package, Dictionary<string, string> files) =>
        packages.BuildAsync(name, Project($"""<PackageReference Include="{package}" Version="VERSION" />"""), files);

    private SortedDictionary<string, string> DependenciesOf(string id)
    {
        using var package = packages.Open(id, "nupkg");
        using var stream = package.GetEntry($"{id}.nuspec")!.Open();
        return new(
            XDocument.Load(stream).Descendants().Where(element => element.Name.LocalName == "dependency")
                .ToDictionary(element => element.Attribute("id")!.Value, element => element.Attribute("version")!.Value, StringComparer.Ordinal),
            StringComparer.Ordinal);
    }
}
