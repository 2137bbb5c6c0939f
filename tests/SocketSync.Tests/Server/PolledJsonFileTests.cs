using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public sealed class PolledJsonFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-");
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _faults = [];
    private readonly ConfigurationManager _configuration = new();
    private int _changes;

    public void Dispose()
    {
        _configuration.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void EveryChangeIsSeenOnce()
    {
        var file = In("a.json");
        Write(file, "1");
        Follow(file);

        AssertNoChange(() => { });
        AssertRead("22", () => Write(file, "22"));
        AssertNoChange(() => { });
        AssertKept("22", "Could not find file", () => File.Delete(file));
        AssertNoChange(() => { });
        AssertRead("333", () => Write(file, "333"));
        AssertRead("333", () => File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch));
    }

    [Fact]
    public void WhatIsReadOnDemandIsReadNoSecondTime()
    {
        var file = In("a.json");
        Write(file, "1");
        Follow(file);
        AssertNoChange(() =>
        {
            Write(file, "22");
            ((IConfigurationRoot)_configuration).Providers.OfType<PolledJsonFile>().Single().Load();
            Assert.Equal("22", _configuration["a"]);
            _changes = 0;
        });
        AssertRead("333", () => Write(file, "333"));
    }

    /// <summary>As Kubernetes mounts a ConfigMap: the file is a link into a directory that is itself a link, and that is swapped.</summary>
    [Fact]
    public void ALinkedDirectoryThatIsSwappedIsSeen()
    {
        foreach (var (version, value) in new[] { ("v1", "1"), ("v2", "22") })
        {
            Directory.CreateDirectory(In(version));
            Write(Path.Combine(In(version), "a.json"), value);
        }

        Directory.CreateSymbolicLink(In("data"), "v1");
        File.CreateSymbolicLink(In("a.json"), Path.Combine("data", "a.json"));
        Follow(In("a.json"));
        AssertRead("22", () =>
        {
            File.Delete(In("data"));
            Directory.CreateSymbolicLink(In("data"), "v2");
        });
    }

    [Fact]
    public void AnythingElseInItsPlaceLeavesWhatWasRead()
    {
        var file = In("a.json");
        Write(file, "1");
        Follow(file);

        AssertKept("1", "Could not find file", () => Replace(() => File.CreateSymbolicLink(file, In("nowhere"))));
        AssertRead("2", () => Replace(() => Write(file, "2")));
        AssertRead("1", () => Replace(() => Write(file, " 1")));
        AssertKept("1", "is a directory", () => Replace(() => Directory.CreateDirectory(file)));
        AssertKept("1", "is larger than 16 MiB", () => Replace(() =>
        {
            using var large = File.Create(file);
            large.SetLength(1L << 30);
        }));
        AssertKept("1", "is not text in UTF-8", () => Replace(() => File.WriteAllBytes(file, [.. "{ \"a\": \"M"u8, 0xFC, .. "ller\" }"u8])));
        AssertKept("1", "a.json:1: '}' is an invalid", () => Replace(() => File.WriteAllText(file, "}")));
        AssertKept("1", "'a'", () => Replace(() => File.WriteAllText(file, """{ "a": 2, "a": 3 }""")));
        AssertRead("4", () => Replace(() => Write(file, "4")));
        AssertRead("55", () => Replace(() => File.WriteAllText(file, """{ "a": "55" }""", Encoding.Unicode)));

        void Replace(Action make)
        {
            if (Directory.Exists(file)) Directory.Delete(file);
            else File.Delete(file);
            make();
        }
    }

    [Fact]
    public void APipeIsNotWaitedFor()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipes have no names");
        var file = In("a.json");
        Write(file, "1");
        Follow(file);
        AssertKept("1", "is not a regular file", () =>
        {
            File.Delete(file);
            Run("mkfifo", file);
        });
    }

    /// <summary>In .NET's configuration nothing tells them from sections whose keys are numbers.</summary>
    [Fact]
    public void ListsAreKnownForWhatTheyAre()
    {
        var file = In("a.json");
        File.WriteAllText(file, """
            {
              // As a person writes it.
              "SocketSync": { "Resources": { "Default": {
                "Processor": "Relay", "Link": { "Tcp": { "Host": "a", "Port": 1 }, "Units": [ 1, 2 ], },
                "Protocol": { "Name": "ModbusTcp" } } },
                "Listeners": { "Default": { "AllowedNetworks": [ "10.0.0.0/8" ] } } }
            }
            """);
        Follow(file);
        var problem = Assert.Single(ConfigurationReader.Read(_configuration, new ProcessorCatalog().Names).Problems);
        Assert.Equal("SocketSync:Resources:Default:Link:Units: must be a section that holds one value for each name, not a list", problem.ToString());
    }

    /// <summary>The timer's thread would take the process with it.</summary>
    [Fact]
    public void WhoThrowsAtAChangeDoesNotEndTheLooking()
    {
        var file = In("a.json");
        Write(file, "1");
        Follow(file);
        using var thrower = Microsoft.Extensions.Primitives.ChangeToken.OnChange(
            ((IConfiguration)_configuration).GetReloadToken, () => throw new InvalidTimeZoneException("thrown by the test"));
        AssertRead("22", () => Write(file, "22"));
        AssertRead("333", () => Write(file, "333"));
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private string In(string name) => Path.Combine(_directory.FullName, name);

    private static void Write(string file, string value) => File.WriteAllText(file, $$"""{ "a": {{value}} }""");

    private void Follow(string file)
    {
        _configuration.Sources.Add(new PolledJsonSource(file, _time) { OnLoadException = e => _faults.Add(ConfigurationFiles.Describe(file, e.Exception)) });
        Microsoft.Extensions.Primitives.ChangeToken.OnChange(((IConfiguration)_configuration).GetReloadToken, () => _changes++);
        _changes = 0;
    }

    private void AssertRead(string value, Action change)
    {
        Look(change);
        Assert.True(_changes == 1 && _faults.Count == 0, $"{_changes} changes, {string.Join("; ", _faults)}");
        Assert.Equal(value, _configuration["a"]);
    }

    private void AssertKept(string value, string told, Action change)
    {
        Look(change);
        Assert.Equal(1, _changes); // It is told, by who looks at the faults.
        Assert.Contains(told, Assert.Single(_faults), StringComparison.Ordinal);
        Assert.StartsWith(_directory.FullName, _faults[0], StringComparison.Ordinal);
        Assert.Equal(value, _configuration["a"]);
    }

    private void AssertNoChange(Action change)
    {
        Look(change);
        Assert.Equal(0, _changes);
    }

    private void Look(Action change)
    {
        _changes = 0;
        _faults.Clear();
        change();
        _time.Advance(TimeSpan.FromSeconds(1));
    }
}
