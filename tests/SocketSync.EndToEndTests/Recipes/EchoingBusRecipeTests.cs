namespace SocketSync.EndToEndTests;

public sealed class EchoingBusRecipeTests
{
    [Fact]
    public async Task NeitherAnEchoNorADamagedReplyReachesAClient()
    {
        await using var bus = await SimulatedBus.OpenAsync(9600, 1, 2);
        bus.Echoes = true;
        bus.IsDamaged = request => request.Number % 3 == 0;
        await using var server = await Recipe.Of("An RS-485 bus that loses a reply now and then").StartAsync("Meters", $"Serial:Device={bus.DevicePath}");
        using var first = await server.ConnectAsync("Meters");
        using var second = await server.ConnectAsync("Meters");
        for (ushort i = 0; i < 6; i++)
        {
            Assert.Equal(0, await BusTests.AskAsync(first, i, unit: 1, function: 3, (byte)i));
            Assert.Equal(0, await BusTests.AskAsync(second, i, unit: 2, function: 3, (byte)(100 + i)));
        }

        var link = (await server.StatusAsync()).Resources["Meters"].Link!;
        Assert.Equal((bus.Asked.Count(bus.IsDamaged), 1), (link.Retries, link.Connects));
        Assert.True(link.Retries > 0);
    }
}
