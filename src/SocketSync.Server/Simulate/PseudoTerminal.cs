using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SocketSync;

/// <summary>
/// A serial line that is not there: a pseudo-terminal, whose other end can be opened under a name as if it were a device. What is
/// written there is read here, byte for byte.
/// </summary>
internal sealed partial class PseudoTerminal : IOpenLink
{
    private const int ReadWrite = 2;
    private const int Now = 0; // TCSANOW
    private const int LongestName = 128;
    private static readonly int NotControlling = OperatingSystem.IsMacOS() ? 0x20000 : 0x100;

    private readonly string _name;
    private readonly FileStream _stream;
    private readonly BlockingInput _input;
    private readonly SafeFileHandle _otherEnd;

    private PseudoTerminal(string name, SafeFileHandle end, SafeFileHandle otherEnd)
    {
        _name = name;
        _stream = new(end, FileAccess.ReadWrite, bufferSize: 0);
        _input = new(_stream, name);
        // Kept open: the settings are lost, and reading fails, whenever nobody has that end open.
        _otherEnd = otherEnd;
        Output = PipeWriter.Create(_stream, new StreamPipeWriterOptions(leaveOpen: true));
    }

    public PipeReader Input => _input.Reader;

    public PipeWriter Output { get; }

    /// <param name="name">What its other end is called; a link there that leads nowhere is replaced.</param>
    /// <exception cref="IOException">It cannot be made; the message is one line.</exception>
    public static PseudoTerminal Create(string name)
    {
        var end = Checked(OpenTerminal(ReadWrite | NotControlling));
        SafeFileHandle? otherEnd = null;
        try
        {
            Check(Grant(end));
            Check(Unlock(end));
            var path = NameOf(end);
            otherEnd = Checked(OpenFile(path, ReadWrite | NotControlling));
            LetBytesPass(otherEnd);
            File.Delete(name);
            File.CreateSymbolicLink(name, path);
            return new(name, end, otherEnd);
        }
        catch (Exception e)
        {
            otherEnd?.Dispose();
            end.Dispose();
            if (e is UnauthorizedAccessException) throw new IOException(e.Message, e);
            throw;
        }
    }

    /// <remarks>A read that is pending keeps the terminal open until the process ends, which it does not hold up.</remarks>
    public async ValueTask DisposeAsync()
    {
        File.Delete(_name);
        await _input.CompleteAsync(null);
        _otherEnd.Dispose();
    }

    // Terminals echo, edit lines and translate their ends unless told otherwise. How long the settings are the system alone knows; no
    // system has any near this.
    private static void LetBytesPass(SafeFileHandle terminal)
    {
        Span<byte> settings = stackalloc byte[512];
        ref var start = ref MemoryMarshal.GetReference(settings);
        Check(GetSettings(terminal, ref start));
        MakeRaw(ref start);
        Check(SetSettings(terminal, Now, ref start));
    }

    private static string NameOf(SafeFileHandle end)
    {
        Span<byte> name = stackalloc byte[LongestName];
        var error = TellName(end, ref MemoryMarshal.GetReference(name), LongestName);
        if (error != 0) throw new IOException(Marshal.GetPInvokeErrorMessage(error));
        return System.Text.Encoding.UTF8.GetString(name[..name.IndexOf((byte)0)]);
    }

    private static SafeFileHandle Checked(SafeFileHandle handle)
    {
        if (!handle.IsInvalid) return handle;
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw new IOException(Marshal.GetPInvokeErrorMessage(error));
    }

    private static void Check(int result)
    {
        if (result != 0) throw new IOException(Marshal.GetLastPInvokeErrorMessage());
    }

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial SafeFileHandle OpenTerminal(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Grant(SafeFileHandle terminal);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unlock(SafeFileHandle terminal);

    [LibraryImport("libc", EntryPoint = "ptsname_r")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int TellName(SafeFileHandle terminal, ref byte name, nuint length);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial SafeFileHandle OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetSettings(SafeFileHandle terminal, ref byte settings);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void MakeRaw(ref byte settings);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetSettings(SafeFileHandle terminal, int when, ref byte settings);
}
