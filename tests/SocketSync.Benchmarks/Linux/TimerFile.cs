using System.ComponentModel;

namespace SocketSync.Benchmarks;

/// <summary>
/// A timer of the kernel, exact to some microseconds where <see cref="Thread.Sleep(int)"/> is late by the timer slack and rounds
/// up to a millisecond, and without a spinning core.
/// </summary>
internal sealed class TimerFile : IDisposable
{
    public TimerFile()
    {
        File = Libc.CreateTimer(Libc.MonotonicClock, Libc.CloseOnExec);
        if (File < 0) throw new Win32Exception();
    }

    /// <summary>To be watched by an <see cref="Epoll"/>; readable once the time is over.</summary>
    public int File { get; }

    /// <summary>Starts anew, once, so many nanoseconds from now.</summary>
    public void Start(long nanoseconds)
    {
        nanoseconds = Math.Max(nanoseconds, 1); // 0 would stop it
        var setting = new Libc.TimerSetting
        {
            Seconds = (nint)(nanoseconds / 1_000_000_000),
            Nanoseconds = (nint)(nanoseconds % 1_000_000_000),
        };
        if (Libc.SetTimer(File, 0, ref setting, 0) < 0) throw new Win32Exception();
    }

    /// <summary>Blocks until the time is over.</summary>
    public void Wait()
    {
        long expirations = 0;
        while (Libc.Read(File, ref expirations, sizeof(long)) < 0)
        {
            if (System.Runtime.InteropServices.Marshal.GetLastPInvokeError() != Libc.Interrupted) throw new Win32Exception();
        }
    }

    public void Dispose() => _ = Libc.Close(File);
}
