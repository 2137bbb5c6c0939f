using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>One who pauses, resumes, closes and changes the configuration while everybody works.</summary>
internal sealed class SoakOperator(ServerProcess server, string[] resources, Func<Random, string> settings, Random random)
{
    private readonly Operator _operator = new(server);

    /// <summary>How many clients it has closed.</summary>
    public int Closed { get; private set; }

    public int Actions { get; private set; }

    public async Task RunAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await Task.Delay(random.Next(50, 250), CancellationToken.None);
            switch (random.Next(4))
            {
                case 0:
                    await PauseForAMomentAsync();
                    break;
                case 1:
                    await CloseOneAsync();
                    break;
                case 2:
                    server.ChangeFile(settings(random));
                    break;
                default:
                    (await _operator.AskAsync(HttpMethod.Get, "/metrics")).Dispose();
                    break;
            }

            Actions++;
        }
    }

    private async Task PauseForAMomentAsync()
    {
        var resource = resources[random.Next(resources.Length)];
        Assert.Equal(HttpStatusCode.NoContent, await _operator.PauseAsync(resource));
        await Task.Delay(random.Next(10, 150));
        Assert.Equal(HttpStatusCode.NoContent, await _operator.ResumeAsync(resource));
    }

    private async Task CloseOneAsync()
    {
        var all = await _operator.ConnectionsAsync();
        var some = all.Where(c => c.GetProperty("listener").GetString() != SoakStage.Reference).ToList();
        if (some.Count == 0) return;
        // It may be gone by itself.
        var id = some[random.Next(some.Count)].GetProperty("id").GetString()!;
        if (await _operator.CloseAsync(id) == HttpStatusCode.NoContent) Closed++;
    }
}
