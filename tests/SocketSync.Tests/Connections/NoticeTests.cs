namespace SocketSync.Tests;

/// <summary>A client in line that is told so, and whose bytes are thrown away by somebody else meanwhile.</summary>
public sealed class NoticeTests
{
    /// <summary>
    /// Its wait may be over before it has really begun, and before it is told of it: whoever throws its bytes away must have left all the
    /// same before the client is read from again.
    /// </summary>
    [Fact]
    public async Task AWaitThatIsOverAtOnceHasOneReaderAtATime()
    {
        const int Rounds = 60_000;
        using var host = new SyncHost(new HeldProcessor(), new GateOptions { MaxQueue = 1 });
        host.Listener.Routes[0].Notice = true;
        await host.ConnectAndHoldAsync("a\n");
        using var over = new CancellationTokenSource();
        // With one place in line, whoever is more urgent takes it from the other.
        var urgent = Task.Run(
            () =>
            {
                while (!over.IsCancellationRequested)
                {
                    var turn = new Turn(LocalEndPoint.AsClient(), Priority.High);
                    _ = host.Gate.Enter(turn).AsTask();
                    host.Gate.Leave(turn);
                }
            },
            TestContext.Current.CancellationToken);
        var waiter = host.Connect();
        var told = 0;
        for (var i = 0; i < Rounds; i++)
        {
            await waiter.SendAsync("b\n");
            while (await waiter.ReadLineAsync() is { } line && !line.StartsWith("ERROR busy", StringComparison.Ordinal))
                told++;
            Assert.False(waiter.Served.IsCompleted);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{told} of {Rounds} were told before it was over");
        await over.CancelAsync();
        await urgent;
        waiter.HalfClose();
        await waiter.Served.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }
}
