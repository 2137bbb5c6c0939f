using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>
/// The direction control of a Linux serial driver: it switches an RS-485 transmitter on and off by RTS, to the bit, as no program
/// could. Set by the request TIOCSRS485 with a <c>struct serial_rs485</c>, both in linux/serial.h.
/// </summary>
internal static class Rs485Control
{
    /// <summary>The size of <c>struct serial_rs485</c>: flags, two delays in milliseconds, and padding for later versions.</summary>
    public const int StructBytes = 32;

    private const uint Enabled = 1 << 0; // SER_RS485_ENABLED
    private const uint RtsOnSend = 1 << 1; // SER_RS485_RTS_ON_SEND
    private const uint RtsAfterSend = 1 << 2; // SER_RS485_RTS_AFTER_SEND
    private const nuint SetRequest = 0x542F; // TIOCSRS485

    /// <summary>Whether RTS is set while the line only listens: so it must be from the moment that the line is opened.</summary>
    public static bool IdleRts(Rs485Options options) => !options.RtsOnSend;

    /// <summary>Has the driver switch the direction from now on, until the line is set up otherwise.</summary>
    /// <param name="line">The descriptor of a terminal.</param>
    /// <param name="options">How it is switched.</param>
    /// <exception cref="IOException">The driver cannot do it; the message names the key.</exception>
    public static void Set(SafeHandle line, Rs485Options options)
    {
        Span<byte> control = stackalloc byte[StructBytes];
        Write(options, control);
        if (OperatingSystem.IsLinux() && ControlTerminal(line, SetRequest, ref MemoryMarshal.GetReference(control)) == 0)
            return;
        // ENOTTY, EINVAL or EOPNOTSUPP, by the driver; whatever it is, the line must not be used without.
        var why = OperatingSystem.IsLinux() ? Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()) : "only Linux has it";
        throw new IOException($"its driver has no RS-485 direction control (Link:{nameof(LinkOptions.Rs485)}): {why}");
    }

    /// <summary>Writes the <c>struct serial_rs485</c> for these options, in the byte order of the machine.</summary>
    public static void Write(Rs485Options options, Span<byte> control)
    {
        control[..StructBytes].Clear();
        Put(control, 0, Enabled | (options.RtsOnSend ? RtsOnSend : RtsAfterSend));
        Put(control, 1, Milliseconds(options.DelayBeforeSend));
        Put(control, 2, Milliseconds(options.DelayAfterSend));
    }

    private static void Put(Span<byte> control, int field, uint value)
    {
        var place = control[(field * sizeof(uint))..];
        if (BitConverter.IsLittleEndian) BinaryPrimitives.WriteUInt32LittleEndian(place, value);
        else BinaryPrimitives.WriteUInt32BigEndian(place, value);
    }

    // The driver counts whole milliseconds; less than asked for could cut the last bit off.
    private static uint Milliseconds(TimeSpan delay) => (uint)Math.Ceiling(delay.TotalMilliseconds);

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ControlTerminal(SafeHandle terminal, nuint request, ref byte control);
}
