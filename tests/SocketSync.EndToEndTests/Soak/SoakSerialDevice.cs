using System.Collections.Concurrent;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>A device at the far end of a serial line: it answers lines, in halves, late or not at all as chance has it.</summary>
internal sealed class SoakSerialDevice
{
    /// <summary>Its link's ReplyTimeout, in milliseconds; what is late comes while the line is drained.</summary>
    public const int ReplyTimeout = 500;

    private readonly ConcurrentQueue<(string Id, Fate Fate)> _done = new();
    private readonly string _path;
    private readonly Random _random;

    public SoakSerialDevice(string path, int seed)
    {
        _path = path;
        _random = new(seed);
        new Thread(Run) { IsBackground = true, Name = "serial device" }.Start();
    }

    public IEnumerable<(string Id, Fate Fate)> TakeExecuted()
    {
        var all = new List<(string Id, Fate Fate)>();
        while (_done.TryDequeue(out var one)) all.Add(one);
        return all;
    }

    private void Run()
    {
        try
        {
            using var line = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            using var reader = new StreamReader(line, Encoding.Latin1, detectEncodingFromByteOrderMarks: false, bufferSize: 1024, leaveOpen: true);
            while (reader.ReadLine() is { } id) Answer(line, id);
        }
        catch (IOException)
        {
            // The line is gone.
        }
    }

    private void Answer(FileStream line, string id)
    {
        var reply = Encoding.Latin1.GetBytes($"={id}\n");
        var kind = _random.Next(40);
        _done.Enqueue((id, kind < 2 ? Fate.Unanswered : Fate.Answered));
        switch (kind)
        {
            case 0:
                break;
            case 1:
                Thread.Sleep(ReplyTimeout * 7 / 5);
                line.Write(reply);
                break;
            case 2 or 3:
                line.Write(reply.AsSpan(0, reply.Length / 2));
                Thread.Sleep(10);
                line.Write(reply.AsSpan(reply.Length / 2));
                break;
            default:
                line.Write(reply);
                break;
        }
    }
}
