using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>A real file, watched as the server watches it; only the time in which changes settle is a fake one.</summary>
public sealed class ConfigurationWatcherTests : IDisposable
{
    private const string Before = """
        {
          "SocketSync": {
            "Listeners": { "Default": { "Port": 1111 }, "Other": { "Port": 2222, "Resource": "Default" } },
            "Resources": { "Default": { "Gate": { "MaxQueue": 7 } }, "Spare": { "OnError": "Close" } }
          }
        }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-");
    private readonly string _file;
    private readonly FakeTimeProvider _time = new();
    private readonly Messages _messages = new();
    private readonly ConcurrentQueue<SocketSyncOptions> _applied = new();
    private readonly ConfigurationManager _configuration = new();
    private readonly SocketSyncOptions _running;
    private readonly ConfigurationWatcher _watcher;
    private volatile string? _reported;

    public ConfigurationWatcherTests()
    {
        _file = Path.Combine(_directory.FullName, "appsettings.json");
        File.WriteAllText(_file, Before);
        _configuration.AddJsonFile(s =>
        {
            s.Path = _file;
            s.ReloadOnChange = true;
            s.ReloadDelay = 20;
            s.ResolveFileProvider();
        });
        // As in the container image: the section exists even while the file is empty.
        _configuration.AddInMemoryCollection([new("SocketSync:DefaultAddress", "*")]);
        _running = ConfigurationText.Valid(_configuration);
        _watcher = new(_configuration, new HostParts(["Echo"]), _running, _applied.Enqueue, _time, _messages);
        Microsoft.Extensions.Primitives.ChangeToken.OnChange(
            ((IConfiguration)_configuration).GetReloadToken,
            () => _reported = _configuration["SocketSync:Resources:Default:Gate:MaxQueue"] ?? "nothing");
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _configuration.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void AChangedResourceIsApplied()
    {
        Save(Before.Replace("7", "8", StringComparison.Ordinal));
        CompleteEarly(() => !_applied.IsEmpty);

        var options = Assert.Single(_applied);
        Assert.Equal(8, options.Resources["Default"].Gate.MaxQueue);
        Assert.Equal(["Information 1203: The changed configuration is applied to Default, from the next turn on"], _messages.All, StringComparer.Ordinal);

        Save(Before);
        CompleteEarly(() => _applied.Count == 2);
        Assert.Equal(7, _applied.Last().Resources["Default"].Gate.MaxQueue);
    }

    [Fact]
    public void SavedWithoutAChangeNothingIsSaid()
    {
        Save(Before + "\n");
        CompleteEarly(() => _reported is not null);
        Save(Before.Replace("7", "8", StringComparison.Ordinal));
        CompleteEarly(() => !_applied.IsEmpty);
        Assert.Single(_messages.All);
    }

    [Fact]
    public void WhatDoesNotValidateChangesNothing()
    {
        Save(Before.Replace("7", "-8", StringComparison.Ordinal).Replace("2222", "\"x\"", StringComparison.Ordinal));
        CompleteEarly(() => _messages.All.Count >= 2);

        Assert.Empty(_applied);
        Assert.Equal(
            [
                "Warning 1201: The changed configuration is not applied, the old settings stay: SocketSync:Listeners:Other:Port: 'x': must be a whole number from 0 to 65535",
                "Warning 1201: The changed configuration is not applied, the old settings stay: SocketSync:Resources:Default:Gate:MaxQueue: '-8': must be a whole number of at least 0",
            ],
            _messages.All, StringComparer.Ordinal);
    }

    [Fact]
    public void WhatNeedsARestartIsToldOnceAndLeftAsItIs()
    {
        var after = """
            {
              "SocketSync": {
                "Listeners": { "Default": { "Port": 1112, "Priority": "Low" }, "New": { "Port": 3333, "Resource": "Default" } },
                "Resources": { "Default": { "Protocol": { "Name": "Line" }, "Gate": { "MaxQueue": 9 } }, "Fresh": { } },
                "IoThreads": 2
              }
            }
            """;
        Save(after);
        CompleteEarly(() => !_applied.IsEmpty);

        var options = Assert.Single(_applied);
        Assert.Equal(9, options.Resources["Default"].Gate.MaxQueue);
        Assert.Equal("Raw", options.Resources["Default"].Protocol.Name);
        Assert.Equal(["Default", "Spare"], options.Resources.Keys.Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.Same(_running.Listeners, options.Listeners);
        Assert.Equal(1, options.IoThreads);
        string[] restart =
        [
            "SocketSync:IoThreads", "SocketSync:Listeners:Other is removed", "SocketSync:Listeners:New is added",
            "SocketSync:Listeners:Default (Port, Priority)", "SocketSync:Resources:Spare is removed",
            "SocketSync:Resources:Fresh is added", "SocketSync:Resources:Default (Protocol)",
        ];
        Assert.Equal(
            restart.Select(r => $"Warning 1202: The configuration has changed, but this needs a restart: {r}"),
            _messages.All.Take(restart.Length), StringComparer.Ordinal);

        Save(after.Replace("9", "10", StringComparison.Ordinal));
        CompleteEarly(() => _applied.Count == 2);
        Assert.Equal(restart.Length + 2, _messages.All.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{ \"SocketSync\": { \"Resources\": {")]
    [InlineData(null)]
    public void AnEmptiedBrokenOrMissingFileIsNeverApplied(string? text)
    {
        if (text is null) File.Delete(_file);
        else Save(text);
        CompleteEarly(() => !_messages.All.IsEmpty);

        Assert.Empty(_applied);
        Assert.StartsWith($"Warning 1201: The changed configuration is not applied, the old settings stay: {_file}", _messages.All.First(), StringComparison.Ordinal);
        Assert.DoesNotContain(_messages.All, m => m.Contains("restart", StringComparison.Ordinal));

        Save(Before.Replace("7", "8", StringComparison.Ordinal));
        CompleteEarly(() => !_applied.IsEmpty);
        Assert.Equal(8, Assert.Single(_applied).Resources["Default"].Gate.MaxQueue);
    }

    [Fact]
    public void ASyntaxErrorIsToldWithItsLine()
    {
        Save("{\n  \"SocketSync\": {\n    \"IoThreads\": 1x\n  }\n}");
        CompleteEarly(() => !_messages.All.IsEmpty);
        Assert.Contains($"{_file}:3: 'x' is an invalid end of a number", Assert.Single(_messages.All), StringComparison.Ordinal);
    }

    [Fact]
    public void AWriteInTwoStepsIsTakenAsOne()
    {
        // The first step's change has come through, but has not settled, when the second step follows.
        Save("");
        Wait(() => _reported == "nothing");
        Save(Before.Replace("7", "8", StringComparison.Ordinal));
        Wait(() => _reported == "8");
        CompleteEarly(() => !_applied.IsEmpty);
        Assert.Equal("Information 1203: The changed configuration is applied to Default, from the next turn on", Assert.Single(_messages.All));
    }

    [Fact]
    public async Task WhatIsReadOnDemandIsAppliedAtOnceAndOnce()
    {
        File.WriteAllText(_file, Before.Replace("7", "8", StringComparison.Ordinal));
        var outcome = (await _watcher.RereadAsync())!;
        Assert.Equal("Default", Assert.Single(outcome.Applied));
        Assert.Empty(outcome.Faults);
        Assert.Equal(8, Assert.Single(_applied).Resources["Default"].Gate.MaxQueue);

        // The change may be noticed yet, and is one no more.
        _time.Advance(ConfigurationWatcher.SettleTime);
        Assert.Empty((await _watcher.RereadAsync())!.Applied);
        Assert.Single(_applied);
    }

    [Theory]
    [InlineData("}", ":1: ")]
    [InlineData(null, "was not found")]
    [InlineData("""{ "SocketSync": { "IoThreads": "many" } }""", "SocketSync:IoThreads: 'many'")]
    public async Task WhatIsReadOnDemandAndCannotBeUsedChangesNothing(string? text, string told)
    {
        if (text is null) File.Delete(_file);
        else File.WriteAllText(_file, text);
        Assert.Contains((await _watcher.RereadAsync())!.Faults, fault => fault.Contains(told, StringComparison.Ordinal));
        Assert.Contains((await _watcher.RereadAsync())!.Faults, fault => fault.Contains(told, StringComparison.Ordinal));
        Assert.Empty(_applied);

        File.WriteAllText(_file, Before.Replace("7", "8", StringComparison.Ordinal));
        Assert.Equal("Default", Assert.Single((await _watcher.RereadAsync())!.Applied));
    }

    [Fact]
    public async Task NothingIsReadOnDemandOnceNothingIsFollowed()
    {
        _watcher.Dispose();
        Assert.Null(await _watcher.RereadAsync());
    }

    /// <summary>A file system may hang; neither the stop nor whoever else asks waits for it.</summary>
    [Fact]
    public async Task AReadingThatHangsHoldsUpNobody()
    {
        using var hangs = new ManualResetEventSlim();
        using var began = new ManualResetEventSlim();
        using var watcher = new ConfigurationWatcher(_configuration, new HostParts(["Echo"]), _running, Hang, _time, _messages);
        Save(Before.Replace("7", "8", StringComparison.Ordinal));
        var hanging = Task.Run(watcher.RereadAsync, TestContext.Current.CancellationToken);
        Assert.True(began.Wait(Patience, TestContext.Current.CancellationToken));

        var behind = watcher.RereadAsync(); // Returns, and is answered when its turn has come.
        watcher.Dispose();
        Assert.False(behind.IsCompleted);
        hangs.Set();
        Assert.Equal("Default", Assert.Single((await hanging)!.Applied));
        Assert.Null(await behind);

        void Hang(SocketSyncOptions options)
        {
            began.Set();
            hangs.Wait(Patience);
        }
    }

    // In one step, so that a test which is not about two steps has none.
    private void Save(string text)
    {
        File.WriteAllText(_file + ".new", text);
        File.Move(_file + ".new", _file, overwrite: true);
    }

    /// <summary>Lets the fake time pass, again and again, until what is waited for has happened.</summary>
    private void CompleteEarly(Func<bool> reached) => Wait(() =>
    {
        if (_reported is not null) _time.Advance(ConfigurationWatcher.SettleTime);
        return reached();
    });

    private static void Wait(Func<bool> reached) =>
        Assert.True(SpinWait.SpinUntil(reached, Patience), "what was waited for did not happen");

    private sealed class Messages : ILogger<ConfigurationWatcher>
    {
        public ConcurrentQueue<string> All { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Enqueue($"{logLevel} {eventId.Id}: {formatter(state, exception)}");
    }
}
