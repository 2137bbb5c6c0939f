using System.Globalization;

namespace SocketSync.EndToEndTests;

/// <summary>A wall clock that is ahead of everybody else's, and can be set while its process runs; the monotonic clock is right.</summary>
internal sealed class FakeTime : IDisposable
{
    public const string Library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

    private static readonly string[] s_names = ["LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE", "FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC", "DONT_FAKE_MONOTONIC"];

    private readonly TestFiles _files = new();

    public FakeTime(TimeSpan ahead) => Set(ahead);

    public void Set(TimeSpan ahead) =>
        _files.Write("clock", string.Create(CultureInfo.InvariantCulture, $"+{(long)ahead.TotalSeconds}s\n"));

    /// <summary>The node has this clock from its next start on.</summary>
    public void Wear(ClusterNode node)
    {
        string[] values = [Library, _files["clock"], "1", "1", "1"];
        foreach (var (name, value) in s_names.Zip(values)) node.Environment[name] = value;
    }

    public static void TakeOff(ClusterNode node)
    {
        foreach (var name in s_names) node.Environment.Remove(name);
    }

    public void Dispose() => _files.Dispose();
}
