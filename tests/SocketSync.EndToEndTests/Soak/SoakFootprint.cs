namespace SocketSync.EndToEndTests;

/// <summary>What a server takes of its machine when nobody is connected.</summary>
internal sealed record SoakFootprint(long MebiBytes, int Files, int Threads, int Processes, int LogLines)
{
    private const int Collect = 12; // SIGUSR2, see StartupHook.

    /// <summary>Waits until it has let go of what it lets go of in time.</summary>
    public static async Task<SoakFootprint> OfAsync(ServerProcess server)
    {
        server.Process.Signal(Collect);
        var last = Now(server);
        await Poll.UntilAsync(
            () =>
            {
                var before = last;
                last = Now(server);
                return before == last;
            },
            "the server comes to no rest");
        return last;
    }

    /// <param name="first">After the first round, which has warmed everything up.</param>
    /// <param name="before">After the round before this.</param>
    public void AssertNoMoreThan(SoakFootprint first, SoakFootprint before)
    {
        Assert.True(LogLines - before.LogLines <= (2 * first.LogLines) + 100, $"the log grows: {first}, then {before}, then {this}");
        Assert.True(MebiBytes <= first.MebiBytes + 64, $"memory grows: {first} became {this}");
        Assert.True(Files <= first.Files + 8, $"descriptors grow: {first} became {this}");
        Assert.True(Threads <= first.Threads + 8, $"threads grow: {first} became {this}");
        Assert.True(Processes <= first.Processes + 1, $"processes grow: {first} became {this}");
    }

    private static SoakFootprint Now(ServerProcess server) => new(
        server.Process.ResidentBytes >> 20, server.Process.OpenFiles, Directory.GetDirectories($"/proc/{server.Process.Id}/task").Length,
        server.Process.FamilySize, server.Process.LineCount);
}
