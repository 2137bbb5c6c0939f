using System.Buffers;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Writes down who used what, and when, one line of JSON each. Whoever adds an entry never waits: a thread of its own writes, and
/// what it cannot write in time, or not at all, is lost and counted.
/// </summary>
/// <remarks>A kill of the process costs what has come since the last batch, about <see cref="Period"/>.</remarks>
internal sealed partial class JournalWriter : IDisposable
{
    /// <summary>A second of a busy server, some twelve megabytes.</summary>
    private const int Capacity = 131_072;

    private const int MostBatchBytes = 64 * 1024;

    /// <summary>How much of the files is read back at the start: some hundred thousand lines, for half a second.</summary>
    private const long MostReadBack = 32 << 20;

    /// <summary>How long the end of the process waits for a disk.</summary>
    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(1);

    /// <summary>Between two batches: a thread that was woken for each line would cost more than the lines.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    /// <summary>A disk that is full takes some lines and others not: it is well again when this long none was lost.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(10);

    private readonly Channel<JournalEntry> _entries = Channel.CreateBounded<JournalEntry>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly ManualResetEventSlim _end = new();
    private readonly JournalOptions _options;
    private readonly JournalFile _file;
    private readonly JournalJson _json;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly int _batchBytes;
    private Thread? _thread;
    private long _overrun; // entries without room, since the last batch
    private long _lost;    // in all
    private long _unsaid;  // of them, those of which the journal does not tell yet
    private long _saying;
    private long _unlogged;
    private long? _failedAt;
    private long? _overranAt;

    public JournalWriter(JournalOptions options, JournalDay day, TimeProvider time, ILogger logger)
    {
        _options = options;
        _file = new JournalFile(options.Path!, options.MaxBytes, options.MaxFiles);
        _json = new JournalJson(time);
        Day = day;
        _time = time;
        _logger = logger;
        _batchBytes = (int)Math.Min(MostBatchBytes, options.MaxBytes / 4);
    }

    /// <summary>Whether the bytes of requests and replies are to be kept.</summary>
    public bool KeepsPayloads => _options.Payloads;

    /// <summary>How many entries are lost so far.</summary>
    public long Lost => Interlocked.Read(ref _lost) + Interlocked.Read(ref _overrun);

    /// <summary>What it knows of the last day.</summary>
    public JournalDay Day { get; }

    /// <summary>Begins to write.</summary>
    /// <exception cref="SocketSyncStartupException">The file cannot be written.</exception>
    public void Start()
    {
        try
        {
            _file.Append([]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SocketSyncStartupException([$"{JournalOptions.PathKey}: \"{_options.Path}\" cannot be written: {exception.Message}"]);
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "Journal" };
        _thread.Start();
    }

    /// <summary>Adds an entry, or loses it; returns at once.</summary>
    public void Add(in JournalEntry entry)
    {
        if (!_entries.Writer.TryWrite(entry))
            Interlocked.Increment(ref _overrun);
    }

    public void Dispose()
    {
        _entries.Writer.TryComplete();
        _end.Set();
        if (_thread?.Join(FlushTime) == false)
            return; // a disk that does not answer: what the thread uses is left to it
        _end.Dispose();
        _json.Dispose();
    }

    private void Run()
    {
        ReadBack();
        var lines = new ArrayBufferWriter<byte>(MostBatchBytes);
        while (true)
        {
            var isLast = _end.Wait(Period);
            WriteAll(lines);
            LogLosses(isLast);
            if (isLast)
                return;
        }
    }

    /// <summary>Reads what an earlier process has written, while there is room for what comes meanwhile.</summary>
    private void ReadBack()
    {
        var now = _time.GetUtcNow();
        try
        {
            Day.Read(_options.Path!, MostReadBack, now);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogUnread(_logger, _options.Path!, exception.Message);
        }
    }

    private void WriteAll(ArrayBufferWriter<byte> lines)
    {
        BeginBatch(lines);
        var count = 0;
        while (_entries.Reader.TryRead(out var entry))
        {
            if (TryFormat(entry, lines))
                count++;
            else
                Lose(1);
            if (lines.WrittenCount < _batchBytes)
                continue;
            Write(lines, count);
            count = 0;
            BeginBatch(lines);
        }

        if (lines.WrittenCount > 0)
            Write(lines, count);
    }

    /// <summary>What is lost came before what follows.</summary>
    private void BeginBatch(ArrayBufferWriter<byte> lines)
    {
        _json.BeginBatch();
        if (Interlocked.Exchange(ref _overrun, 0) is > 0 and var overrun)
        {
            Lose(overrun);
            _overranAt ??= _time.GetTimestamp();
        }

        _saying = _unsaid;
        if (_saying > 0)
            _json.WriteLost(_saying, lines);
    }

    private bool TryFormat(in JournalEntry entry, ArrayBufferWriter<byte> lines)
    {
        try
        {
            _json.Write(entry, lines);
            if (entry.Kind != JournalKind.Held)
                AddToDay(entry);
            return true;
        }
        catch (Exception exception) // of a host's own EndPoint, whose text is asked for
        {
            LogUnformatted(_logger, entry.Client.Id, exception.Message);
            return false;
        }
    }

    private void AddToDay(in JournalEntry entry)
    {
        var (took, waited) = (_time.GetElapsedTime(entry.StartedAt, entry.EndedAt), _time.GetElapsedTime(entry.QueuedAt, entry.StartedAt));
        Day.Add(entry.Resource, RemoteAddress.Of(entry.Client.RemoteEndPoint), entry.Outcome.IsAnswered(), _json.At(entry.EndedAt), took, waited);
    }

    private void Write(ArrayBufferWriter<byte> lines, int count)
    {
        try
        {
            _file.Append(lines.WrittenSpan);
            _unsaid -= _saying;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Lose(count);
            if (_failedAt is null)
                LogFails(_logger, _options.Path!, exception.Message);
            _failedAt = _time.GetTimestamp();
        }
        finally
        {
            lines.ResetWrittenCount();
        }
    }

    private void Lose(long count)
    {
        Interlocked.Add(ref _lost, count);
        _unsaid += count;
        _unlogged += count;
    }

    private void LogLosses(bool isLast)
    {
        if (_failedAt is { } failed && (isLast || _time.GetElapsedTime(failed) >= Recovery))
        {
            LogLost(_logger, _options.Path!, _unlogged);
            (_failedAt, _overranAt, _unlogged) = (null, null, 0);
        }
        else if (_failedAt is null && _overranAt is { } overran && (isLast || _time.GetElapsedTime(overran) >= Recovery))
        {
            LogOverrun(_logger, _options.Path!, _unlogged);
            (_overranAt, _unlogged) = (null, 0);
        }
    }

    [LoggerMessage(720, LogLevel.Warning, "Journal {Path} cannot be written, and its lines are lost: {Reason}")]
    private static partial void LogFails(ILogger logger, string path, string reason);

    [LoggerMessage(721, LogLevel.Warning, "Journal {Path}: {Count} lines are lost, because it could not be written")]
    private static partial void LogLost(ILogger logger, string path, long count);

    [LoggerMessage(722, LogLevel.Warning, "Journal {Path}: {Count} lines are lost, because they came faster than they could be written")]
    private static partial void LogOverrun(ILogger logger, string path, long count);

    [LoggerMessage(724, LogLevel.Warning, "Journal {Path}: what was written before cannot be read: {Reason}")]
    private static partial void LogUnread(ILogger logger, string path, string reason);

    [LoggerMessage(723, LogLevel.Error, "Journal: a line about {ConnectionId} could not be written: {Reason}")]
    private static partial void LogUnformatted(ILogger logger, string connectionId, string reason);
}
