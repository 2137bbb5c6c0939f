using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>What a descriptor is ready for, or is to be watched for: the bits of epoll_ctl(2).</summary>
[Flags]
internal enum Readiness : uint
{
    None = 0,
    Readable = 0x001,
    Writable = 0x004,

    /// <summary>An error of the connection, such as a reset. Told also if nobody asked for it.</summary>
    Error = 0x008,

    /// <summary>Both directions are over. Told also if nobody asked for it.</summary>
    HangUp = 0x010,
}

/// <summary>An instance of Linux's epoll(7), with what is watched numbered by its user.</summary>
internal sealed partial class Epoll
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int Capacity = 256;
    private const int Interrupted = 4;
    private const int OperationAdd = 1;
    private const int OperationDelete = 2;
    private const int OperationModify = 3;

    // struct epoll_event { uint32_t events; uint64_t data; } is packed on x86-64, and nowhere else.
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private readonly int _epoll;
    private readonly byte[] _ready = GC.AllocateArray<byte>(Capacity * EventBytes, pinned: true);

    public Epoll()
    {
        _epoll = Create(CloseOnExec);
        if (_epoll < 0)
            throw new Win32Exception();
    }

    public void Add(int descriptor, Readiness interest, long key) => Change(OperationAdd, descriptor, interest, key);

    public void Modify(int descriptor, Readiness interest, long key) => Change(OperationModify, descriptor, interest, key);

    public void Remove(int descriptor) => Change(OperationDelete, descriptor, Readiness.None, 0);

    /// <summary>Waits until something is ready.</summary>
    /// <param name="mayBlock"><see langword="false"/> only to look.</param>
    /// <returns>How many are ready.</returns>
    public int Wait(bool mayBlock)
    {
        var count = Wait(_epoll, ref _ready[0], Capacity, mayBlock ? -1 : 0);
        if (count >= 0)
            return count;
        return Marshal.GetLastSystemError() is var error && error == Interrupted ? 0 : throw new Win32Exception(error);
    }

    /// <summary>One of those that the last wait found ready.</summary>
    public (Readiness Readiness, long Key) this[int index]
    {
        get
        {
            ref var at = ref _ready[index * EventBytes];
            return (Unsafe.ReadUnaligned<Readiness>(ref at), Unsafe.ReadUnaligned<long>(ref Unsafe.Add(ref at, EventBytes - sizeof(long))));
        }
    }

    /// <summary>Makes a descriptor that is readable once something was written to it: eventfd(2).</summary>
    public static int CreateSignal()
    {
        var signal = CreateEvent(0, CloseOnExec | NonBlocking);
        return signal >= 0 ? signal : throw new Win32Exception();
    }

    public static void Raise(int signal)
    {
        var one = 1L;
        _ = Write(signal, ref one, sizeof(long));
    }

    public static void Clear(int signal)
    {
        var count = 0L;
        _ = Read(signal, ref count, sizeof(long));
    }

    private void Change(int operation, int descriptor, Readiness interest, long key)
    {
        Span<byte> change = stackalloc byte[16];
        change.Clear();
        MemoryMarshal.Write(change, interest);
        MemoryMarshal.Write(change[(EventBytes - sizeof(long))..], key);
        if (Control(_epoll, operation, descriptor, ref change[0]) < 0)
            throw new Win32Exception();
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int epoll, int operation, int descriptor, ref byte change);

    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Wait(int epoll, ref byte ready, int count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CreateEvent(uint count, int flags);

    [LibraryImport("libc", EntryPoint = "write")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Write(int descriptor, ref long value, nint length);

    [LibraryImport("libc", EntryPoint = "read")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Read(int descriptor, ref long value, nint length);
}
