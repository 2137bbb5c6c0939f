using System.Collections.Concurrent;

namespace SocketSync.TestHost;

/// <summary>What happened during turns, and the keys by which a test ends them.</summary>
internal sealed class Stage
{
    private const string All = "*";

    private readonly ConcurrentDictionary<string, TaskCompletionSource> _keys = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _inside = new(StringComparer.Ordinal);
    private readonly List<string> _begun = [];
    private readonly List<string> _ended = [];
    private int _overlaps;

    /// <summary>Completes when a test releases <paramref name="key"/>, also if it already has.</summary>
    public Task Released(string key) => Key(All).Task is { IsCompleted: true } all ? all : Key(key).Task;

    /// <summary>Releases a key, or with <c>*</c> all that are waited for now and later.</summary>
    public void Release(string key)
    {
        Key(key).TrySetResult();
        if (key != All) return;
        foreach (var waiting in _keys.Values) waiting.TrySetResult();
    }

    /// <summary>Notes that a turn has begun; disposing what it returns, that it has ended.</summary>
    public IDisposable Enter(string resource, string request)
    {
        lock (_lock)
        {
            _begun.Add(request);
            var inside = _inside.GetValueOrDefault(resource) + 1;
            _inside[resource] = inside;
            if (inside > 1) _overlaps++;
        }

        return new Visit(this, resource, request);
    }

    public StageLog Log()
    {
        lock (_lock)
            return new([.. _begun], [.. _ended], _inside.Values.Sum(), _overlaps);
    }

    private TaskCompletionSource Key(string key) =>
        _keys.GetOrAdd(key, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private void Leave(string resource, string request)
    {
        lock (_lock)
        {
            _ended.Add(request);
            _inside[resource]--;
        }
    }

    private sealed class Visit(Stage stage, string resource, string request) : IDisposable
    {
        public void Dispose() => stage.Leave(resource, request);
    }
}

/// <param name="Begun">The requests in the order in which their turns began.</param>
/// <param name="Ended">The requests in the order in which their turns ended.</param>
/// <param name="Inside">How many turns are going on now, over all resources.</param>
/// <param name="Overlaps">How many turns began while another of the same resource was going on.</param>
internal sealed record StageLog(string[] Begun, string[] Ended, int Inside, int Overlaps);
