using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.FileProviders.Physical;
using Microsoft.Extensions.Primitives;

namespace SocketSync;

/// <summary>
/// One file, looked at once a second. The kernel's notices do not come for a file that is mounted into a container alone or
/// reached over links, are limited in number for each user, and .NET asks for them for every directory below the file's.
/// </summary>
internal sealed class PolledFileProvider : IFileProvider, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly string _file;
    private readonly PhysicalFileProvider _directory;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private CancellationTokenSource _change = new();
    private (string File, DateTime Written, long Length)? _seen;
    private bool _watched;

    public PolledFileProvider(string file, TimeProvider time)
    {
        _file = file;
        // Without the filter that hides files whose name begins with a dot.
        _directory = new(Path.GetDirectoryName(file)!, ExclusionFilters.None);
        _seen = Look();
        _timer = time.CreateTimer(_ => Compare(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public IDirectoryContents GetDirectoryContents(string subpath) => _directory.GetDirectoryContents(subpath);

    public IFileInfo GetFileInfo(string subpath) => _directory.GetFileInfo(subpath);

    public IChangeToken Watch(string filter)
    {
        lock (_lock)
        {
            if (!_watched) _timer.Change(Period, Period);
            _watched = true;
            return new CancellationChangeToken(_change.Token);
        }
    }

    /// <summary>Somebody reads the file as it is now: what has changed until here needs no reading because of it.</summary>
    public void MarkRead()
    {
        lock (_lock) _seen = Look();
    }

    public void Dispose()
    {
        _timer.Dispose();
        _directory.Dispose();
        _change.Dispose();
    }

    private void Compare()
    {
        CancellationTokenSource changed;
        lock (_lock)
        {
            var now = Look();
            if (now == _seen) return;
            _seen = now;
            changed = _change;
            _change = new();
        }

        using (changed)
        {
            try
            {
                changed.Cancel();
            }
            catch (AggregateException e) when (e.InnerExceptions.All(i => i is InvalidDataException))
            {
                // A file that was broken before the server followed its configuration: the next change is read again.
            }
        }
    }

    private (string File, DateTime Written, long Length)? Look()
    {
        try
        {
            var target = new FileInfo(File.ResolveLinkTarget(_file, returnFinalTarget: true)?.FullName ?? _file);
            return target.Exists ? (target.FullName, target.LastWriteTimeUtc, target.Length) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
