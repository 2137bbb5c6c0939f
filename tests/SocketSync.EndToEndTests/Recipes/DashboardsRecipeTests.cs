using System.Globalization;

namespace SocketSync.EndToEndTests;

public sealed class DashboardsRecipeTests
{
    private const string Name = "Fifty dashboards, one slow line";
    private const int Clients = 5;
    private const int Polls = 6;

    [Fact]
    public async Task ManyWhoPollAreAnsweredByFewReplies()
    {
        Tool.Require("mbpoll");
        await using var line = await SerialPair.OpenAsync();
        await using var device = await ModbusDevice.StartRtuAsync(line.FarPath, unit: 1);
        await using var server = await Recipe.Of(Name).StartAsync("Meters", $"Serial:Device={line.Near}");
        var port = (await server.StatusAsync()).Listeners["Meters"].Port;
        await Mbpoll.WriteAsync(port, unit: 1, reference: 1, 41, 42);

        var clients = Enumerable.Range(0, Clients).Select(_ => Mbpoll.Poll(port, unit: 1, reference: 1)).ToList();
        await Poll.UntilAsync(
            () => Task.FromResult(clients.All(client => Mbpoll.Values(client).Count >= Polls)), () => string.Join('\n', clients.Select(client => client.Log)));
        foreach (var client in clients)
        {
            Assert.All(Mbpoll.Values(client), value => Assert.Equal("[1]: 41", value));
            await client.DisposeAsync();
        }

        var status = (await server.StatusAsync()).Resources["Meters"];
        var asked = device.Requests.Count - 1; // and one write
        Assert.Equal(asked + 1, status.Completed);
        Assert.True(status.Cached > 0 && asked < Clients * Polls, string.Create(CultureInfo.InvariantCulture, $"{asked} of {Clients * Polls} reads reached the device"));

        await Mbpoll.WriteAsync(port, unit: 1, reference: 1, 43);
        Assert.Equal("[1]: 43 [2]: 42", await Mbpoll.ReadAsync(port, unit: 1, reference: 1, count: 2));
        Assert.Equal("[1]: 43", await Mbpoll.ReadAsync(port, unit: 1, reference: 1));
    }
}
