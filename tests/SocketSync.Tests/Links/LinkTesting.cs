using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>Counts descriptors and processes of the whole test process, and so runs alone.</summary>
[CollectionDefinition(nameof(CountsEverything), DisableParallelization = true)]
public sealed class CountsEverything;

/// <summary>What the tests of all kinds of link do with one that is open.</summary>
internal static class LinkTesting
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Without the files of code, which the runtime opens when it first needs them and never closes.</summary>
    public static int OpenDescriptors => Directory.GetFileSystemEntries("/proc/self/fd").Count(descriptor => !IsCode(descriptor));

    private static bool IsCode(string descriptor)
    {
        try
        {
            return Path.GetExtension(new FileInfo(descriptor).LinkTarget) is ".dll" or ".pdb";
        }
        catch (IOException)
        {
            return true; // it is closed
        }
    }

    public static Task Soon(this Task task) => task.WaitAsync(Patience, Token);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Patience, Token);

    public static Task Soon(this ValueTask task) => task.AsTask().Soon();

    public static Task<T> Soon<T>(this ValueTask<T> task) => task.AsTask().Soon();

    public static async Task SendAsync(this IOpenLink link, string text) =>
        Assert.False((await link.Output.WriteAsync(Encoding.Latin1.GetBytes(text), Token).Soon()).IsCompleted);

    /// <summary>Exactly so much as <paramref name="text"/> is long, which must be it.</summary>
    public static async Task ExpectAsync(this IOpenLink link, string text)
    {
        var result = await link.Input.ReadAtLeastAsync(text.Length).Soon();
        var read = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, text.Length));
        Assert.Equal(text, Encoding.Latin1.GetString(read.ToArray()));
        link.Input.AdvanceTo(read.End);
    }

    /// <summary>The device closed its end, in good order.</summary>
    public static async Task ExpectEndAsync(this IOpenLink link)
    {
        var result = await link.Input.ReadAsync(Token).Soon();
        Assert.True(result.IsCompleted && result.Buffer.IsEmpty);
    }

    /// <summary>Whatever may still come, the link ends as a lost one.</summary>
    public static async Task<Exception> ExpectLossAsync(this IOpenLink link) =>
        await Assert.ThrowsAnyAsync<IOException>(() => ReadToEndAsync(link.Input).Soon());

    /// <summary>Whatever may still come, the link ends; how it does depends on what the system tells first.</summary>
    /// <returns>What reading it threw; <see langword="null"/> if it ended as in good order.</returns>
    public static async Task<Exception?> ExpectEndOrLossAsync(this IOpenLink link)
    {
        var loss = await Record.ExceptionAsync(() => ReadToEndAsync(link.Input).Soon());
        Assert.True(loss is null || LinkException.IsLoss(loss), loss?.ToString());
        return loss;
    }

    public static async Task<Exception> RefusedAsync(this ILink link)
    {
        var refused = await Assert.ThrowsAsync<LinkException>(() => link.OpenAsync(CancellationToken.None).Soon());
        Assert.DoesNotContain('\n', refused.Message);
        Assert.StartsWith(link.Description + ": ", refused.Message, StringComparison.Ordinal);
        return refused;
    }

    public static async Task UntilAsync(Func<bool> reached, string what)
    {
        var end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!reached())
        {
            Assert.True(Environment.TickCount64 < end, what + " did not happen");
            await Task.Delay(10, Token);
        }
    }

    public static bool IsAlive(int process)
    {
        try
        {
            // The state follows the name, which may hold anything but is the last thing in parentheses.
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task ReadToEndAsync(PipeReader input)
    {
        while (true)
        {
            var result = await input.ReadAsync();
            input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) return;
        }
    }
}

internal sealed class LinkLogLines : ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{logLevel} {eventId.Id}: {formatter(state, exception)}");
}
