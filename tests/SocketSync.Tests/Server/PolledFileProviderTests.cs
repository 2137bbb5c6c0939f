using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public sealed class PolledFileProviderTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-");
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void EveryChangeIsSeenOnce()
    {
        var file = Path.Combine(_directory.FullName, "a.json");
        File.WriteAllText(file, "1");
        using var provider = new PolledFileProvider(file, _time);

        Assert.False(ChangesAtNextLook(provider, () => { }));
        Assert.True(ChangesAtNextLook(provider, () => File.WriteAllText(file, "22")));
        Assert.False(ChangesAtNextLook(provider, () => { }));
        Assert.True(ChangesAtNextLook(provider, () => File.Delete(file)));
        Assert.True(ChangesAtNextLook(provider, () => File.WriteAllText(file, "22")));
        Assert.True(ChangesAtNextLook(provider, () => File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch)));
    }

    [Fact]
    public void WhatIsReadOnDemandIsNoChange()
    {
        var file = Path.Combine(_directory.FullName, "a.json");
        File.WriteAllText(file, "1");
        using var provider = new PolledFileProvider(file, _time);
        Assert.False(ChangesAtNextLook(provider, () =>
        {
            File.WriteAllText(file, "22");
            provider.MarkRead();
        }));
        Assert.True(ChangesAtNextLook(provider, () => File.WriteAllText(file, "333")));
    }

    /// <summary>As Kubernetes mounts a ConfigMap: the file is a link into a directory that is itself a link, and that is swapped.</summary>
    [Fact]
    public void ALinkedDirectoryThatIsSwappedIsSeen()
    {
        string In(string name) => Path.Combine(_directory.FullName, name);
        foreach (var (version, text) in new[] { ("v1", "1"), ("v2", "22") })
        {
            Directory.CreateDirectory(In(version));
            File.WriteAllText(Path.Combine(In(version), "a.json"), text);
        }

        Directory.CreateSymbolicLink(In("data"), "v1");
        File.CreateSymbolicLink(In("a.json"), Path.Combine("data", "a.json"));
        using var provider = new PolledFileProvider(In("a.json"), _time);

        Assert.True(ChangesAtNextLook(provider, () =>
        {
            File.Delete(In("data"));
            Directory.CreateSymbolicLink(In("data"), "v2");
        }));
    }

    private bool ChangesAtNextLook(PolledFileProvider provider, Action change)
    {
        var before = provider.Watch("");
        change();
        _time.Advance(TimeSpan.FromSeconds(1));
        return before.HasChanged;
    }
}
