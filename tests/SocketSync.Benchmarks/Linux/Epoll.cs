using System.ComponentModel;
using System.Runtime.InteropServices;

namespace SocketSync.Benchmarks;

/// <summary>Which of many sockets are ready, asked by one thread.</summary>
internal sealed class Epoll : IDisposable
{
    private const int Capacity = 1024;

    // struct epoll_event is packed on x86-64 and nowhere else.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 3 : 4;

    private readonly int _epoll;
    private readonly int[] _events = new int[Capacity * Stride];

    public Epoll()
    {
        _epoll = Libc.CreateEpoll(Libc.CloseOnExec);
        if (_epoll < 0) throw new Win32Exception();
    }

    /// <summary>Watches a file, or watches it for something else.</summary>
    /// <param name="operation"><see cref="Libc.Add"/> or <see cref="Libc.Modify"/>.</param>
    /// <param name="key">What <see cref="Key"/> will tell.</param>
    public void Watch(int operation, int file, uint interest, int key)
    {
        Span<int> one = stackalloc int[Stride];
        one.Clear();
        one[0] = (int)interest;
        one[Stride - 2] = key;
        if (Libc.ControlEpoll(_epoll, operation, file, ref one[0]) < 0) throw new Win32Exception();
    }

    /// <returns>How many are ready.</returns>
    public int Wait(int milliseconds)
    {
        var count = Libc.WaitEpoll(_epoll, ref _events[0], Capacity, milliseconds);
        if (count >= 0) return count;
        if (Marshal.GetLastPInvokeError() == Libc.Interrupted) return 0;
        throw new Win32Exception();
    }

    public int Key(int index) => _events[(index * Stride) + Stride - 2];

    public uint State(int index) => (uint)_events[index * Stride];

    public void Dispose() => _ = Libc.Close(_epoll);
}
