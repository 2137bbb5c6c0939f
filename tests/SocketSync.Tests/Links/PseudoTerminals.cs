using System.Diagnostics;

namespace SocketSync.Tests;

/// <summary>Two serial lines, the ends of one cable, made by socat: <see cref="Line"/> for the link, the other for its device.</summary>
internal sealed class PseudoTerminals : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-");
    private readonly Process _socat;

    private PseudoTerminals()
    {
        Line = Path.Combine(_directory.FullName, "line");
        var device = Path.Combine(_directory.FullName, "device");
        _socat = Process.Start(new ProcessStartInfo("socat", [$"pty,raw,echo=0,link={Line}", $"pty,raw,echo=0,link={device}"]))!;
        Assert.True(SpinWait.SpinUntil(() => File.Exists(Line) && File.Exists(device), LinkTesting.Patience), "socat makes its lines");
        Device = new FileStream(device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
    }

    public string Line { get; }

    public FileStream Device { get; }

    public static PseudoTerminals Connect()
    {
        var isMissing = ProgramFile.Find("socat") is null;
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.False(isMissing, "socat is missing");
        Assert.SkipWhen(isMissing, "socat is missing");
        return new();
    }

    /// <summary>Pulls the cable and the adapter with it: both lines hang up.</summary>
    public void Unplug()
    {
        _socat.Kill();
        _socat.WaitForExit();
    }

    public async Task<byte[]> ReceiveAsync(int count)
    {
        var buffer = new byte[count];
        await Task.Run(() => Device.ReadExactly(buffer)).Soon();
        return buffer;
    }

    public void Dispose()
    {
        Unplug();
        Device.Dispose();
        _socat.Dispose();
        _directory.Delete(recursive: true);
    }
}
