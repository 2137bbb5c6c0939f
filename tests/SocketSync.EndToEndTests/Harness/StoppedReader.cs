using System.Runtime.InteropServices;

namespace SocketSync.EndToEndTests;

/// <summary>A named pipe of which nobody reads for as long as this is not disposed of.</summary>
internal sealed class StoppedReader : IDisposable
{
    private readonly TestFiles _files = new();
    private readonly FileStream _pipe;

    public StoppedReader()
    {
        Assert.Equal(0, MakePipe(Path, Convert.ToInt32("600", 8)));
        // For both ways: to open it for one waits for the other.
        _pipe = new(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
    }

    public string Path => _files["stdout"];

    public void Dispose()
    {
        _pipe.Dispose();
        _files.Dispose();
    }

    [DllImport("libc", EntryPoint = "mkfifo")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MakePipe([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int mode);
}
