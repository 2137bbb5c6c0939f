using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SocketSync.EndToEndTests;

/// <summary>A serial line whose far end is in the test: closed, the line hangs up, as when an adapter is unplugged.</summary>
internal sealed class PseudoTerminal : IDisposable
{
    private const int ReadWriteNotControlling = 2 | 0x100;

    private readonly SafeFileHandle _far;

    /// <param name="path">A link to the near end, put in the place of what is there.</param>
    public PseudoTerminal(string path)
    {
        _far = new SafeFileHandle(Check(Open(ReadWriteNotControlling)), ownsHandle: true);
        Check(Grant(_far));
        Check(Unlock(_far));
        var name = new byte[64];
        Check(-Name(_far, name, (nuint)name.Length));
        Far = new FileStream(_far, FileAccess.ReadWrite, bufferSize: 0);
        File.CreateSymbolicLink(path + ".new", System.Text.Encoding.ASCII.GetString(name).TrimEnd('\0'));
        File.Move(path + ".new", path, overwrite: true);
    }

    public FileStream Far { get; }

    public void Dispose() => Far.Dispose();

    private static int Check(int result) => result >= 0 ? result : throw new IOException(Marshal.GetLastPInvokeErrorMessage());

    [DllImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(int flags);

    [DllImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Grant(SafeFileHandle far);

    [DllImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unlock(SafeFileHandle far);

    [DllImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Name(SafeFileHandle far, [Out] byte[] name, nuint length);
}
