using System.Collections.Concurrent;
using System.Diagnostics;

namespace SocketSync.EndToEndTests;

/// <summary>
/// A serial line with several Modbus RTU units on it, which answer as fast as their line would let them. A read brings a register
/// that holds its own address; a write is repeated, as the specification has it.
/// </summary>
internal sealed class SimulatedBus : IAsyncDisposable
{
    private const int BitsPerCharacter = 11;
    private const int RequestBytes = 8;

    private readonly SerialPair _line;
    private readonly TimeSpan _character;
    private readonly byte[] _units;
    private readonly ConcurrentQueue<BusRequest> _asked = new();
    private Task _serving = Task.CompletedTask;

    private SimulatedBus(SerialPair line, int baudRate, byte[] units)
    {
        _line = line;
        _units = units;
        BaudRate = baudRate;
        _character = TimeSpan.FromSeconds((double)BitsPerCharacter / baudRate);
    }

    public int BaudRate { get; }

    /// <summary>The adapter sends back what the server writes.</summary>
    public bool Echoes { get; set; }

    /// <summary>Whether the reply to a request arrives with a wrong checksum.</summary>
    public Func<BusRequest, bool> IsDamaged { get; set; } = _ => false;

    /// <summary>Every request that has come, whether its unit is there or not.</summary>
    public IReadOnlyList<BusRequest> Asked => [.. _asked];

    public string DevicePath => _line.Near;

    /// <summary>As <c>Link</c> in the settings.</summary>
    public string Serial => $$"""
        "Serial": { "Device": "{{_line.Near}}", "BaudRate": {{BaudRate}} }, "Protocol": { "Name": "ModbusRtu" }
        """;

    /// <param name="baudRate">Its speed.</param>
    /// <param name="units">Those that are there.</param>
    public static async Task<SimulatedBus> OpenAsync(int baudRate, params byte[] units)
    {
        var bus = new SimulatedBus(await SerialPair.OpenAsync(), baudRate, units);
        bus._serving = bus.ServeAsync();
        return bus;
    }

    public async ValueTask DisposeAsync()
    {
        await _line.DisposeAsync();
        await _serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var first = await _line.ReadAsync(1);
                var began = Stopwatch.GetTimestamp();
                var request = new BusRequest([.. first, .. await _line.ReadAsync(RequestBytes - 1)], _asked.Count + 1, began);
                _asked.Enqueue(request);
                if (Echoes) await SendAsync(request.Frame);
                if (!_units.Contains(request.Unit)) continue;
                var reply = new ModbusRtuDialect().Reply(request.Frame);
                if (IsDamaged(request)) reply[^1] ^= 0x55;
                request.AnsweredAt = await SendAsync(reply);
            }
        }
        catch (Exception end) when (end is IOException or TimeoutException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    /// <returns>When the last byte was about to be sent.</returns>
    private async Task<long> SendAsync(byte[] bytes)
    {
        var began = Stopwatch.GetTimestamp();
        var last = began;
        for (var sent = 0; sent < bytes.Length;)
        {
            var due = Math.Min(bytes.Length, 1 + (int)(Stopwatch.GetElapsedTime(began) / _character));
            if (due == sent)
            {
                await Task.Delay(1);
                continue;
            }

            last = Stopwatch.GetTimestamp();
            await _line.WriteAsync(bytes[sent..due]);
            sent = due;
        }

        return last;
    }
}

/// <summary>What was written to a bus.</summary>
/// <param name="Frame">The whole frame.</param>
/// <param name="Number">Counted from 1.</param>
/// <param name="BeganAt">When its first byte came.</param>
internal sealed record BusRequest(byte[] Frame, int Number, long BeganAt)
{
    public byte Unit => Frame[0];

    /// <summary>When its reply ended; 0 if there was none.</summary>
    public long AnsweredAt { get; set; }
}
