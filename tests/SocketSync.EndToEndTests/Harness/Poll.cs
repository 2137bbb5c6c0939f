using System.Diagnostics;

namespace SocketSync.EndToEndTests;

/// <summary>The only way in which these tests wait: for a state, looked at again and again, and not for ever.</summary>
internal static class Poll
{
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public static async Task UntilAsync(Func<Task<bool>> state, Func<string> describe, TimeSpan? bound = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await state())
        {
            if (watch.Elapsed > (bound ?? Bound)) Assert.Fail($"not within {bound ?? Bound}: {describe()}");
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }

    public static Task UntilAsync(Func<bool> state, string what, TimeSpan? bound = null) =>
        UntilAsync(() => Task.FromResult(state()), () => what, bound);
}
