using System.Globalization;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>HTTP does its work elsewhere than on the thread that moves the clients' bytes.</summary>
[Collection(HeavyTests.Name)]
public sealed class HttpThreadTests
{
    /// <summary>What that thread has to do for HTTP is to see what has come and to hand it on.</summary>
    private const double Share = 0.12;

    [Fact]
    public async Task RequestsByTheThousandInOneGoAreAnsweredElsewhere()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        await AssertElsewhereAsync(server, async () =>
        {
            using var client = await TestClient.ConnectAsync(server.Http.BaseAddress!.Port);
            var sending = client.SendAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", 10_000))));
            for (var answers = 0; answers < 10_000; answers += await client.ReadLineAsync() == "HTTP/1.1 200 OK\r" ? 1 : 0)
            {
            }

            await sending;
        });
    }

    private static async Task AssertElsewhereAsync(ServerProcess server, Func<Task> load)
    {
        using var client = await server.ConnectAsync();
        Assert.Equal("a", await client.AskAsync("a"));
        var (thread, all) = Ticks(server.Process.Id);
        await load();
        Assert.Equal("b", await client.AskAsync("b"));
        var (threadAfter, allAfter) = Ticks(server.Process.Id);
        var (spent, total) = (threadAfter - thread, allAfter - all);
        Assert.True(total > 20, $"only {total} ticks: too little to tell");
        Assert.True(spent <= total * Share, $"{spent} of {total} ticks were spent on the thread that moves bytes");
    }

    /// <summary>What processor time the thread that moves bytes has used, and what all have.</summary>
    private static (long Thread, long All) Ticks(int process)
    {
        var (thread, all, seen) = (0L, 0L, 0);
        foreach (var folder in Directory.GetDirectories($"/proc/{process}/task"))
        {
            try
            {
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
                all += ticks;
                if (!stat.Contains("(.NET Socket", StringComparison.Ordinal)) continue;
                thread += ticks;
                seen++;
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        Assert.Equal(1, seen);
        return (thread, all);
    }
}
