using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace SocketSync;

/// <summary>
/// Follows the configuration while the server runs. What validates is given on, with whatever needs a restart left as it
/// is; of what does not, nothing is.
/// </summary>
internal sealed class ConfigurationWatcher : IDisposable
{
    /// <summary>One save of a file may report several changes; they are taken together once there was none for so long.</summary>
    public static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(300);

    private readonly IConfiguration _configuration;
    private readonly IReadOnlyCollection<string> _processors;
    private readonly Action<SocketSyncOptions> _apply;
    private readonly ILogger _logger;
    private readonly ConfigurationFiles _files;
    private readonly ITimer _settle;
    private readonly IDisposable _subscription;
    private readonly ConcurrentQueue<Reading> _asked = new();
    private int _unread;
    private SocketSyncOptions _running;
    private IReadOnlyList<string> _told = [];
    private volatile bool _disposed;

    /// <param name="configuration">The host's whole configuration.</param>
    /// <param name="processors">The names of the processors there are.</param>
    /// <param name="running">What the server was started with.</param>
    /// <param name="apply">
    /// Takes what runs from now on: <paramref name="running"/> with the changed settings of its resources. Never called
    /// twice at a time.
    /// </param>
    /// <param name="time">Measures <see cref="SettleTime"/>.</param>
    /// <param name="logger">Where problems and changes are told.</param>
    public ConfigurationWatcher(
        IConfiguration configuration,
        IReadOnlyCollection<string> processors,
        SocketSyncOptions running,
        Action<SocketSyncOptions> apply,
        TimeProvider time,
        ILogger<ConfigurationWatcher> logger)
    {
        _configuration = configuration;
        _processors = processors;
        _running = running;
        _apply = apply;
        _logger = logger;
        _files = new(configuration);
        _settle = time.CreateTimer(_ => Ask(onDemand: false).Observe(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _subscription = ChangeToken.OnChange(configuration.GetReloadToken, () => _settle.Change(SettleTime, Timeout.InfiniteTimeSpan));
    }

    /// <summary>Reads the files now, on somebody's word and not because a change was noticed.</summary>
    /// <returns><see langword="null"/> once nothing is followed any more.</returns>
    public Task<ConfigurationOutcome?> RereadAsync() => Ask(onDemand: true);

    /// <summary>Follows nothing from now on, but waits for nobody: what is being read just now may hang in its file system.</summary>
    public void Dispose()
    {
        _disposed = true;
        _subscription.Dispose();
        _files.Dispose();
        _settle.Dispose();
    }

    /// <summary>
    /// One reading after the other, so that what was read later is applied later. Whoever asks while another reads does not
    /// wait for it, and leaves the reading to that one.
    /// </summary>
    private Task<ConfigurationOutcome?> Ask(bool onDemand)
    {
        var reading = new Reading(onDemand);
        _asked.Enqueue(reading);
        if (Interlocked.Increment(ref _unread) > 1) return reading.Done.Task;
        do
        {
            _asked.TryDequeue(out var next);
            Run(next!);
        }
        while (Interlocked.Decrement(ref _unread) > 0);
        return reading.Done.Task;
    }

    private void Run(Reading reading)
    {
        try
        {
            if (reading.OnDemand && !_disposed)
            {
                _files.Reread();
                _settle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan); // What it would see is seen here.
            }

            reading.Done.SetResult(_disposed ? null : Follow(reading.OnDemand));
        }
        catch (Exception e) when (reading.OnDemand)
        {
            reading.Done.SetException(e);
        }
        catch (Exception e)
        {
            // On a timer's thread an exception would end the process, which served its clients well a moment ago.
            _logger.ReloadFailed(e);
            reading.Done.SetResult(null);
        }
    }

    private ConfigurationOutcome Follow(bool onDemand)
    {
        // In this order: a file that is emptied during the reading is seen afterwards.
        var read = ConfigurationReader.Read(_configuration, _processors);
        var faults = _files.Faults.ToList();
        if (faults.Count == 0) faults.AddRange(read.Problems.Select(p => p.ToString()));
        if (faults.Count > 0)
        {
            if (!onDemand) faults.ForEach(_logger.NotApplied); // Who asked is told, and tells.
            return new(faults, [], []);
        }

        var changes = ConfigurationChanges.Between(_running, read.Options);
        foreach (var change in changes.NeedsRestart.Except(_told, StringComparer.Ordinal)) _logger.NeedsRestart(change);
        _told = changes.NeedsRestart;

        if (changes.Applied.Count > 0)
        {
            _apply(changes.Options);
            _running = changes.Options;
            _logger.Applied(string.Join(", ", changes.Applied));
        }

        return new([], changes.Applied, changes.NeedsRestart);
    }
    private sealed class Reading(bool onDemand)
    {
        public bool OnDemand { get; } = onDemand;

        public TaskCompletionSource<ConfigurationOutcome?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>What came of reading the configuration again.</summary>
/// <param name="Faults">Why nothing of it is applied.</param>
/// <param name="Applied">What runs with other settings from now on.</param>
/// <param name="NeedsRestart">What has changed but is not applied.</param>
internal sealed record ConfigurationOutcome(
    IReadOnlyList<string> Faults, IReadOnlyList<string> Applied, IReadOnlyList<string> NeedsRestart);

internal static partial class ConfigurationLog
{
    [LoggerMessage(201, LogLevel.Warning, "The changed configuration is not applied, the old settings stay: {Problem}")]
    public static partial void NotApplied(this ILogger logger, string problem);

    [LoggerMessage(202, LogLevel.Warning, "The configuration has changed, but this needs a restart: {Change}")]
    public static partial void NeedsRestart(this ILogger logger, string change);

    [LoggerMessage(203, LogLevel.Information, "The changed configuration is applied to {Resources}, from the next turn on")]
    public static partial void Applied(this ILogger logger, string resources);

    [LoggerMessage(204, LogLevel.Error, "The changed configuration could not be applied, the old settings stay")]
    public static partial void ReloadFailed(this ILogger logger, Exception exception);
}
