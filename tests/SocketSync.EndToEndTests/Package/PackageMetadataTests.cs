using System.Buffers.Binary;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Text.Json;
using System.Xml.Linq;

namespace SocketSync.EndToEndTests;

/// <summary>What the packages tell of themselves to those who look for them, to editors, and to debuggers.</summary>
[Collection(PackedTests.Name)]
public sealed class PackageMetadataTests(PackedPackages packages)
{
    /// <summary>The kind of a sources' text in symbols (the format "Portable PDB" gives it this id).</summary>
    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    public static TheoryData<string> Libraries => [PackedPackages.Library, PackedPackages.Dashboard, PackedPackages.Cluster, PackedPackages.Testing];

    [Theory]
    [MemberData(nameof(Libraries))]
    [InlineData(PackedPackages.Server)]
    public async Task NamesItsLicenceItsChangesAndItsSources(string id)
    {
        using var package = packages.Open(id, "nupkg");
        await using var stream = await package.GetEntry($"{id}.nuspec")!.OpenAsync(TestContext.Current.CancellationToken);
        var metadata = XDocument.Load(stream).Root!.Elements().Single().Elements().ToDictionary(element => element.Name.LocalName, StringComparer.Ordinal);
        Assert.Equal("MIT", metadata["license"].Value);
        Assert.Equal("expression", metadata["license"].Attribute("type")?.Value);
        Assert.Contains("CHANGELOG.md", metadata["releaseNotes"].Value, StringComparison.Ordinal);
        Assert.Equal("README.md", metadata["readme"].Value);
        Assert.Equal(PackedPackages.SourcesUrl, metadata["repository"].Attribute("url")?.Value);
        Assert.Equal("icon.png", metadata["icon"].Value);
        AssertSquarePicture(package, metadata["icon"].Value);
        foreach (var file in (string[])["README.md", "CHANGELOG.md"])
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Recipe.Repository, file), TestContext.Current.CancellationToken), await TextAsync(package, file));
    }

    /// <summary>A debugger knows no way to the sources at a host that it does not know, so the symbols hold them.</summary>
    [Theory]
    [MemberData(nameof(Libraries))]
    public async Task ItsSymbolsHoldTheSources(string id)
    {
        using var package = packages.Open(id, "snupkg");
        await using var stream = await package.GetEntry($"lib/net10.0/{id}.pdb")!.OpenAsync(TestContext.Current.CancellationToken);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, TestContext.Current.CancellationToken);
        copy.Position = 0;
        using var provider = MetadataReaderProvider.FromPortablePdbStream(copy);
        var symbols = provider.GetMetadataReader();
        var without = symbols.Documents
            .Where(document => !symbols.GetCustomDebugInformation(document).Any(info => symbols.GetGuid(symbols.GetCustomDebugInformation(info).Kind) == EmbeddedSource))
            .Select(document => symbols.GetString(symbols.GetDocument(document).Name));
        Assert.NotEmpty(symbols.Documents);
        Assert.Empty(without);
    }

    /// <summary>Also where the package comes with another one.</summary>
    [Fact]
    public async Task EditorsOfAHostKnowTheConfiguration()
    {
        var folder = await packages.BuildAsync("known", $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="{PackedPackages.Dashboard}" Version="VERSION" />
              </ItemGroup>
            </Project>
            """, new(StringComparer.Ordinal) { ["Program.cs"] = "WebApplication.Create(args);" }, "-t:Restore");
        using var items = JsonDocument.Parse(await PackedPackages.EvaluateAsync(folder, "-getItem:JsonSchemaSegment"));
        var segment = Assert.Single(items.RootElement.GetProperty("Items").GetProperty("JsonSchemaSegment").EnumerateArray());
        Assert.Equal(@"appsettings\..*json", segment.GetProperty("FilePathPattern").GetString());

        var schema = await File.ReadAllTextAsync(segment.GetProperty("FullPath").GetString()!, TestContext.Current.CancellationToken);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Recipe.Repository, "docs", "appsettings.schema.json"), TestContext.Current.CancellationToken), schema);
        using var parsed = JsonDocument.Parse(schema);
        // No more than the section: what else stands in the file is the host's.
        Assert.False(parsed.RootElement.TryGetProperty("additionalProperties", out _));
        Assert.Equal(["SocketSync"], parsed.RootElement.GetProperty("properties").EnumerateObject().Select(property => property.Name), StringComparer.Ordinal);
    }

    /// <summary>A PNG, with as many columns as rows: those who show it scale it.</summary>
    private static void AssertSquarePicture(ZipArchive package, string name)
    {
        using var picture = package.GetEntry(name)!.Open();
        Span<byte> head = stackalloc byte[24];
        picture.ReadExactly(head);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], head[..4].ToArray());
        Assert.Equal(128, BinaryPrimitives.ReadInt32BigEndian(head[16..]));
        Assert.Equal(128, BinaryPrimitives.ReadInt32BigEndian(head[20..]));
    }

    private static async Task<string> TextAsync(ZipArchive package, string name)
    {
        using var reader = new StreamReader(await package.GetEntry(name)!.OpenAsync(TestContext.Current.CancellationToken));
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
