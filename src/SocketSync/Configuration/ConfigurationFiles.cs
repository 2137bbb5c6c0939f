using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace SocketSync;

/// <summary>
/// The files behind a configuration, and whether the last load of each succeeded. On an error, or if the file is missing for
/// a moment, .NET's provider clears its data and reports a change, which looks like a file without settings.
/// </summary>
internal sealed class ConfigurationFiles : IDisposable
{
    private readonly List<WatchedFile> _files;

    public ConfigurationFiles(IConfiguration configuration) => _files = [.. Providers(configuration).Select(p => new WatchedFile(p))];

    /// <summary>The reasons why the configuration does not match its files, one line for each affected file.</summary>
    public IEnumerable<string> Faults => _files.Select(f => f.Fault).OfType<string>();

    /// <summary>Reloads all files now, whether or not a change was detected.</summary>
    public void Reread() => _files.ForEach(f => f.Reread());

    public void Dispose() => _files.ForEach(f => f.Dispose());

    /// <summary>
    /// Describes in one line why a file cannot be loaded: the file, the line number if known, and the reason.
    /// </summary>
    public static string Describe(string? file, Exception exception)
    {
        var causes = Causes(exception).ToList();
        var json = causes.OfType<JsonException>().FirstOrDefault();
        var place = json?.LineNumber is { } line ? $"{file}:{line + 1}" : file;
        var why = json?.Message.Split(" LineNumber:")[0] ?? causes[^1].Message;
        return $"{place}: {why}".ReplaceLineEndings(" ");
    }

    private static IEnumerable<Exception> Causes(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException) yield return cause;
    }

    private static IEnumerable<FileConfigurationProvider> Providers(IConfiguration configuration) =>
        configuration is not IConfigurationRoot root ? [] : root.Providers.SelectMany(p => p switch
        {
            FileConfigurationProvider file => [file],
            ChainedConfigurationProvider chained => Providers(chained.Configuration),
            _ => [],
        });

    private sealed class WatchedFile : IDisposable
    {
        private readonly FileConfigurationProvider _provider;
        private readonly Action<FileLoadExceptionContext>? _before;
        private readonly bool _hadKeys;
        private readonly IDisposable _subscription;
        private volatile string? _loading;
        private volatile string? _loaded;

        public WatchedFile(FileConfigurationProvider provider)
        {
            _provider = provider;
            _hadKeys = HasKeys;
            _before = provider.Source.OnLoadException;
            provider.Source.OnLoadException = OnLoadException;
            _subscription = ChangeToken.OnChange(provider.GetReloadToken, OnLoaded);
        }

        public string? Fault => _loaded ?? (_hadKeys && !HasKeys ? $"{File}: the file is gone, or there is nothing in it" : null);

        private bool HasKeys => _provider.GetChildKeys([], null).Any();

        private string? File => _provider.Source.FileProvider?.GetFileInfo(_provider.Source.Path ?? "").PhysicalPath ?? _provider.Source.Path;

        public void Reread()
        {
            try
            {
                _provider.Load();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // If the file cannot be opened, the provider only throws, without calling OnLoadException.
                _loaded = Describe(File, e);
            }
        }

        public void Dispose()
        {
            _subscription.Dispose();
            _provider.Source.OnLoadException = _before;
        }

        private void OnLoadException(FileLoadExceptionContext context)
        {
            _before?.Invoke(context);
            _loading = Describe(File, context.Exception);
            context.Ignore = true; // Otherwise the provider throws where nothing catches it, and reports no change.
        }

        private void OnLoaded()
        {
            _loaded = _loading;
            _loading = null;
        }
    }
}
