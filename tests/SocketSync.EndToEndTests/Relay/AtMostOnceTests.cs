namespace SocketSync.EndToEndTests;

/// <summary>What happens to the request in its turn when the link dies, and to those that wait.</summary>
public sealed class AtMostOnceTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AReadIsRepeatedOnceOnAFreshLink(bool reset)
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect(), service => DieFirstAsync(service, reset, times: 1));
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp");
        using var client = await server.ConnectAsync();
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 1, 3, 0x0102));
        Assert.Equal([1, 2], device.Services.Select(s => s.Connection.Number));
        Assert.Equal(device.Services[0].Key, device.Services[1].Key);
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task AReadIsNotRepeatedTwice()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect(), service => DieFirstAsync(service, reset: false, times: 2));
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp");
        using var client = await server.ConnectAsync();
        Assert.Equal(ModbusTestClient.Unavailable, await ModbusTestClient.AskAsync(client, 1, 3, 1));
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Up");
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, 3, 2));
        device.AssertServed("3 1", "3 1", "3 2");
    }

    [Fact]
    public async Task AReadWhoseReplyHadBegunIsNotRepeated()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        device.Script = async service =>
        {
            if (service.Number > 1)
            {
                await service.AnswerAsync();
                return;
            }

            await service.SendAsync(service.Reply[..5]);
            service.HangUp();
        };
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp");
        using var client = await server.ConnectAsync();
        Assert.Equal(ModbusTestClient.Unavailable, await ModbusTestClient.AskAsync(client, 1, 3, 1));
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, 3, 2));
        device.AssertServed("3 1", "3 2");
    }

    [Theory]
    [InlineData(6, false)]
    [InlineData(6, true)]
    [InlineData(16, false)]
    public async Task AWriteIsNeverRepeated(byte function, bool reset)
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect(), service => DieFirstAsync(service, reset, times: 1));
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp");
        using var client = await server.ConnectAsync();
        Assert.Equal(ModbusTestClient.Unavailable, await ModbusTestClient.AskAsync(client, 1, function, 1));
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, function, 2));
        device.AssertServed($"{function} 1", $"{function} 2");
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task TheReplyToAClientThatHasLeftIsAwaitedAndThrownAway()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var device = new ScriptedDevice(new LineDialect());
        device.Script = async service =>
        {
            if (service.Number == 1) await goOn.Task;
            await service.AnswerAsync();
        };
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("Line", device.Tcp));
        var leaver = await server.ConnectAsync();
        using var stayer = await server.ConnectAsync();
        await leaver.SendAsync("leaver\n");
        await Poll.UntilAsync(() => device.Services.Count == 1, "the device was not asked");
        leaver.Reset();
        await stayer.SendAsync("stayer\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        goOn.SetResult();
        Assert.Equal("=stayer", await stayer.ReadLineAsync());
        await server.WaitForStatusAsync(s => s.Resource.Link is { Connects: 1, DiscardedBytes: 0 });
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task ADrainAnswersWhoIsInFlightAndWhoWaits()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect(), async service =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50));
            await service.AnswerAsync();
        });
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", device.Tcp));
        var clients = new List<TestClient>();
        for (var i = 0; i < 31; i++) clients.Add(await server.ConnectAsync());
        for (ushort i = 0; i < clients.Count; i++) await clients[i].SendAsync(ModbusTestClient.Request(i, 6, i));
        await server.WaitForStatusAsync(s => s.Resource is { QueueLength: > 0, Turn: not null }
            && s.Resource.QueueLength + 1 + s.Resource.Completed == 31);
        server.Process.Terminate();
        for (ushort i = 0; i < clients.Count; i++)
        {
            Assert.Equal(0, await ModbusTestClient.ReadReplyAsync(clients[i], i, 6, i));
            Assert.Equal("", await clients[i].WaitForCloseAsync());
        }

        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(31, device.Services.Count);
        device.AssertOneAtATime();
        clients.ForEach(c => c.Dispose());
    }

    private static Task DieFirstAsync(DeviceService service, bool reset, int times)
    {
        if (service.Number > times) return service.AnswerAsync();
        if (reset) service.Reset();
        else service.HangUp();
        return Task.CompletedTask;
    }
}
