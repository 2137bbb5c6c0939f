using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace SocketSync;

/// <summary>
/// Reloads the configuration while the server runs. A valid configuration is applied, except for changes that need a
/// restart; of an invalid one nothing is applied.
/// </summary>
internal sealed class ConfigurationWatcher : IDisposable
{
    /// <summary>
    /// Debounce time: one save of a file may raise several change notifications; the reload runs once none came for this
    /// long.
    /// </summary>
    public static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(300);

    private readonly IConfiguration _configuration;
    private readonly HostParts _parts;
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
    /// <param name="parts">What it may name.</param>
    /// <param name="running">The options that the server was started with.</param>
    /// <param name="apply">
    /// Receives the new running options: <paramref name="running"/> with the changed settings of its resources and the new
    /// admin options. Never called concurrently.
    /// </param>
    /// <param name="time">Measures <see cref="SettleTime"/>.</param>
    /// <param name="logger">Logs problems and changes.</param>
    public ConfigurationWatcher(
        IConfiguration configuration,
        HostParts parts,
        SocketSyncOptions running,
        Action<SocketSyncOptions> apply,
        TimeProvider time,
        ILogger<ConfigurationWatcher> logger)
    {
        _configuration = configuration;
        _parts = parts;
        _running = running;
        _apply = apply;
        _logger = logger;
        _files = new(configuration);
        _settle = time.CreateTimer(_ => Ask(onDemand: false).Observe(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _subscription = ChangeToken.OnChange(configuration.GetReloadToken, () => _settle.Change(SettleTime, Timeout.InfiniteTimeSpan));
    }

    /// <summary>Reloads the files now, on request instead of after a change notification.</summary>
    /// <returns>The outcome, or <see langword="null"/> if the watcher is disposed.</returns>
    public Task<ConfigurationOutcome?> RereadAsync() => Ask(onDemand: true);

    /// <summary>Stops watching. Does not wait for a reload in progress, which may hang in its file system.</summary>
    public void Dispose()
    {
        _disposed = true;
        _subscription.Dispose();
        _files.Dispose();
        _settle.Dispose();
    }

    /// <summary>
    /// Runs reloads one after the other, so that a later read is applied later. A caller that arrives during a reload does
    /// not block: the caller that runs the reload also runs the queued one.
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
                _settle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan); // This reload covers the pending change.
            }

            reading.Done.SetResult(_disposed ? null : Follow(reading.OnDemand));
        }
        catch (Exception e) when (reading.OnDemand)
        {
            reading.Done.SetException(e);
        }
        catch (Exception e)
        {
            // An exception on the timer's thread would end the process, although it can still serve its clients.
            _logger.ReloadFailed(e);
            reading.Done.SetResult(null);
        }
    }

    private ConfigurationOutcome Follow(bool onDemand)
    {
        // Read first, then check for faults: a file that is emptied during the read is then detected.
        var read = ConfigurationReader.Read(_configuration, _parts);
        var faults = _files.Faults.ToList();
        if (faults.Count == 0) faults.AddRange(read.Problems.Select(p => p.ToString()));
        if (faults.Count > 0)
        {
            if (!onDemand) faults.ForEach(_logger.NotApplied); // On demand, the caller reports the faults.
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

/// <summary>The outcome of a configuration reload.</summary>
/// <param name="Faults">The errors; if there are any, nothing was applied.</param>
/// <param name="Applied">What runs with new settings from now on.</param>
/// <param name="NeedsRestart">The changes that need a restart and were not applied.</param>
internal sealed record ConfigurationOutcome(
    IReadOnlyList<string> Faults, IReadOnlyList<string> Applied, IReadOnlyList<string> NeedsRestart);

internal static partial class ConfigurationLog
{
    [LoggerMessage(1201, LogLevel.Warning, "The changed configuration is not applied, the old settings stay: {Problem}")]
    public static partial void NotApplied(this ILogger logger, string problem);

    [LoggerMessage(1202, LogLevel.Warning, "The configuration has changed, but this needs a restart: {Change}")]
    public static partial void NeedsRestart(this ILogger logger, string change);

    [LoggerMessage(1203, LogLevel.Information, "The changed configuration is applied to {Resources}, from the next turn on")]
    public static partial void Applied(this ILogger logger, string resources);

    [LoggerMessage(1204, LogLevel.Error, "The changed configuration could not be applied, the old settings stay")]
    public static partial void ReloadFailed(this ILogger logger, Exception exception);
}
