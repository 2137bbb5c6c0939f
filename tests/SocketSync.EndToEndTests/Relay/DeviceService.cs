using System.Diagnostics;

namespace SocketSync.EndToEndTests;

/// <summary>How a service ended, as the device knows it.</summary>
internal enum Fate
{
    /// <summary>Nothing came of it, or nothing that answers it in time.</summary>
    Unanswered,

    Answered,

    /// <summary>The device ended the connection before the reply.</summary>
    Died,
}

/// <summary>One request at the device, and what the device can do with it.</summary>
internal sealed class DeviceService(ScriptedDevice device, DeviceConnection connection, byte[] request, int number)
{
    /// <summary>From 1 on, over all connections.</summary>
    public int Number => number;

    public ScriptedDevice Device => device;

    public DeviceConnection Connection => connection;

    public byte[] Request => request;

    public string Key { get; } = device.Dialect.Key(request);

    public byte[] Reply { get; } = device.Dialect.Reply(request);

    public long BegunAt { get; } = Stopwatch.GetTimestamp();

    /// <summary>0 while it goes on.</summary>
    public long EndedAt { get; set; }

    public Fate Fate { get; private set; }

    public Task AnswerAsync() => AnswerAsync([]);

    /// <summary>Replies, with more bytes behind the reply in the same piece.</summary>
    public async Task AnswerAsync(byte[] more)
    {
        EndBeforeReply();
        await SendAsync([.. Reply, .. more]);
    }

    public async Task AnswerInHalvesAsync(TimeSpan pause)
    {
        var half = Reply.Length / 2;
        using (await connection.LockAsync())
        {
            await connection.SendRawAsync(Reply.AsMemory(0, half));
            await Task.Delay(pause);
            EndBeforeReply();
            await connection.SendRawAsync(Reply.AsMemory(half));
        }
    }

    /// <summary>Sends what is not the reply.</summary>
    public async Task SendAsync(byte[] bytes)
    {
        using (await connection.LockAsync()) await connection.SendRawAsync(bytes);
    }

    /// <summary>Ends the connection with a reset.</summary>
    public void Reset() => Die(reset: true);

    /// <summary>Ends the connection in order.</summary>
    public void HangUp() => Die(reset: false);

    public override string ToString() => $"#{number} [{Key}] on connection {connection.Number}: {Fate}";

    private void Die(bool reset)
    {
        if (EndedAt == 0)
        {
            Fate = Fate.Died;
            device.End(this);
        }

        connection.Close(reset);
    }

    // The end is noted before the bytes leave: afterwards the next request may be there sooner than the note.
    private void EndBeforeReply()
    {
        connection.CheckNothingWaits(this);
        Fate = Fate.Answered;
        device.End(this);
    }
}
