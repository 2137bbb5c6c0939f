namespace SocketSync.EndToEndTests;

public sealed class ScpiRecipeTests
{
    private const string Name = "An SCPI instrument, groups of commands kept together";
    private const int Groups = 50;

    [Fact]
    public async Task LxiAsksForItsName()
    {
        Tool.Require("lxi");
        await using var instrument = new Instrument();
        await using var server = await StartAsync(instrument);
        await using var client = new ChildProcess(
            "lxi", ["scpi", "--raw", "-a", "127.0.0.1", "-p", $"{(await server.StatusAsync()).Listeners["Multimeter"].Port}", "*IDN?"]);
        Assert.True(await client.ExitAsync(TimeSpan.FromSeconds(20)) == 0, client.Log);
        Assert.Contains("ACME,MULTIMETER,1,1.0", client.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EachReadsWhatItHasSet()
    {
        Tool.Require("ncat");
        await using var instrument = new Instrument();
        await using var server = await StartAsync(instrument);
        var port = $"{(await server.StatusAsync()).Listeners["Multimeter"].Port}";

        var readings = await Task.WhenAll(MeasureAsync(port, "VOLT"), MeasureAsync(port, "CURR"), MeasureAsync(port, "RES"));

        Assert.All(readings[0], reading => Assert.Equal("VOLT", reading));
        Assert.All(readings[1], reading => Assert.Equal("CURR", reading));
        Assert.All(readings[2], reading => Assert.Equal("RES", reading));
    }

    private static Task<ServerProcess> StartAsync(Instrument instrument) =>
        Recipe.Of(Name).StartAsync("Multimeter", "Tcp:Host=127.0.0.1", $"Tcp:Port={instrument.Port}");

    // Sets and reads again and again, and does not leave before it has all replies: its leaving would end its turn.
    private static async Task<IReadOnlyList<string>> MeasureAsync(string port, string setting)
    {
        await using var client = new ChildProcess("ncat", ["127.0.0.1", port]);
        for (var i = 0; i < Groups; i++)
        {
            await client.Input.WriteAsync($"CONF {setting}\n");
            await client.Input.FlushAsync(TestContext.Current.CancellationToken);
            await client.Input.WriteAsync("READ?\n");
            await client.Input.FlushAsync(TestContext.Current.CancellationToken);
            await Poll.UntilAsync(() => client.Output.Count > i, $"reading {i} of {setting}: {client.Log}");
        }

        client.Input.Close();
        Assert.Equal(0, await client.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(Groups, client.Output.Count);
        return client.Output;
    }
}
