using System.Text.Json;
using System.Text.Unicode;
using Microsoft.Extensions.Configuration.Json;

namespace SocketSync;

/// <summary>The server's own file, by its full path.</summary>
/// <param name="path">The full path.</param>
/// <param name="time">Measures the pause between two looks; <see langword="null"/> reads the file once.</param>
internal sealed class PolledJsonSource(string path, TimeProvider? time) : JsonConfigurationSource
{
    public string File { get; } = path;

    public override IConfigurationProvider Build(IConfigurationBuilder builder)
    {
        Path = File; // Told with what is wrong in it.
        return new PolledJsonFile(this, time);
    }
}

/// <summary>
/// A JSON file that is looked at once a second, and that may come to any harm meanwhile: what cannot be read leaves what was
/// read before, and <see cref="FileConfigurationSource.OnLoadException"/> is told why.
/// </summary>
/// <remarks>
/// .NET's own provider empties itself then, lets an exception out on a timer's thread when it may not open the file, and
/// waits for ever to open a pipe. The kernel's notices, by which it usually follows a file, do not come for one that is mounted
/// into a container alone or reached over links, and are limited in number for each user.
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

    /// <summary>Reads the file as it is now, whether a change was noticed or not. Throws only the first time.</summary>
    public override void Load()
    {
        Exception? fault = null;
        lock (_reading)
        {
            _seen = Look(); // First, so that what changes during the reading is noticed afterwards.
            try
            {
                var content = Read();
                Load(new MemoryStream(content)); // Which disposes of it.
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
            // On a timer's thread it would end the process, which served its clients well a moment ago.
            StandardErrorWriter.WriteLine($"{_file}: has changed, and who follows it has failed: {LogText.Escape(e.GetBaseException().Message)}");
        }
        finally
        {
            _timer!.Change(Period, Timeout.InfiniteTimeSpan); // From now on: a look may take its time, and is not to meet the next.
        }
    }

    private bool HasChanged()
    {
        lock (_reading)
        {
            // Who is given the right to read a file changes neither its date nor its length.
            return Look() != _seen || (_isUnreadable && SmallFile.IsReadable(_file));
        }
    }

    private byte[] Read()
    {
        var content = SmallFile.Read(_file);
        // .NET would put a sign of its own in place of what is no text, in a password too. With a byte-order mark it may be UTF-16.
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
