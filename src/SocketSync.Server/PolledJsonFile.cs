using System.Text.Json;
using System.Text.Unicode;
using Microsoft.Extensions.Configuration.Json;

namespace SocketSync;

/// <summary>The configuration source of the server's own file.</summary>
/// <param name="path">The file's full path.</param>
/// <param name="time">Measures the polling interval; <see langword="null"/> reads the file once.</param>
internal sealed class PolledJsonSource(string path, TimeProvider? time) : JsonConfigurationSource
{
    public string File { get; } = path;

    public override IConfigurationProvider Build(IConfigurationBuilder builder)
    {
        Path = File; // Part of the error messages about the file.
        return new PolledJsonFile(this, time);
    }
}

/// <summary>
/// A JSON file that is polled once a second. If it cannot be read, the previous data is kept, and
/// <see cref="FileConfigurationSource.OnLoadException"/> is called with the reason.
/// </summary>
/// <remarks>
/// In that case .NET's own provider clears its data, throws on a timer's thread if it may not open the file, and waits
/// forever to open a pipe. The kernel's change notifications, which it uses by default, are not raised for a single file
/// mounted into a container or a file reached over links, and are limited in number per user.
/// </remarks>
internal sealed class PolledJsonFile : JsonConfigurationProvider, IConfigurationLists
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly string _file;
    private readonly ITimer? _timer;
    private readonly Lock _reading = new();
    private (string File, DateTime Written, long Length)? _seen;
    private bool _hasLoaded;
    private bool _isUnreadable;

    public PolledJsonFile(PolledJsonSource source, TimeProvider? time)
        : base(source)
    {
        _file = source.File;
        _timer = time?.CreateTimer(_ => Compare(), null, Period, Timeout.InfiniteTimeSpan);
    }

    public IReadOnlyCollection<string> Lists { get; private set; } = [];

    /// <summary>Reads the file now, whether or not a change was detected. Throws only the first time.</summary>
    public override void Load()
    {
        Exception? fault = null;
        lock (_reading)
        {
            _seen = Look(); // Taken first, so that a change during the read is detected afterwards.
            try
            {
                var content = Read();
                Load(new MemoryStream(content)); // Load disposes the stream.
                Lists = ListsIn(content);
                _hasLoaded = true;
            }
            catch (Exception e) when (_hasLoaded && e is IOException or UnauthorizedAccessException or InvalidDataException or FormatException)
            {
                fault = e;
            }

            _isUnreadable = fault is IOException or UnauthorizedAccessException;
        }

        if (fault is not null) Source.OnLoadException?.Invoke(new FileLoadExceptionContext { Provider = this, Exception = fault });
        OnReload();
    }

    protected override void Dispose(bool disposing)
    {
        _timer?.Dispose();
        base.Dispose(disposing);
    }

    private void Compare()
    {
        try
        {
            if (HasChanged()) Load();
        }
        catch (Exception e)
        {
            // An exception on the timer's thread would end the process, although it can still serve its clients.
            StandardErrorWriter.WriteLine($"{_file}: has changed, and who follows it has failed: {LogText.Escape(e.GetBaseException().Message)}");
        }
        finally
        {
            _timer!.Change(Period, Timeout.InfiniteTimeSpan); // Restarted only now: a slow check must not overlap the next.
        }
    }

    private bool HasChanged()
    {
        lock (_reading)
        {
            // Granting read permission changes neither the date nor the length of a file.
            return Look() != _seen || (_isUnreadable && SmallFile.IsReadable(_file));
        }
    }

    private byte[] Read()
    {
        var content = SmallFile.Read(_file);
        // .NET would replace bytes that are not UTF-8 by a replacement character, in a password too. With a byte-order mark
        // the file may be UTF-16.
        var isUtf16 = content is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..];
        return isUtf16 || Utf8.IsValid(content) ? content : throw new InvalidDataException("is not text in UTF-8");
    }

    private static List<string> ListsIn(byte[] content)
    {
        using var reader = new StreamReader(new MemoryStream(content));
        using var document = JsonDocument.Parse(reader.ReadToEnd(), new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var lists = new List<string>();
        Add(document.RootElement, path: "");
        return lists;

        void Add(JsonElement element, string path)
        {
            if (element.ValueKind == JsonValueKind.Array) lists.Add(path);
            if (element.ValueKind != JsonValueKind.Object) return;
            foreach (var key in element.EnumerateObject()) Add(key.Value, path.Length == 0 ? key.Name : ConfigurationPath.Combine(path, key.Name));
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
