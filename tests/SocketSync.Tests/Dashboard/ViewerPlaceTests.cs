using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public sealed class ViewerPlaceTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void IsFreedOnceWhenNoPageHasStarted()
    {
        var (cut, freed) = (0, 0);
        using var place = new ViewerPlace(_time, () => cut++, () => freed++);
        _time.Advance(ViewerPlace.StartTime - TimeSpan.FromMilliseconds(1));
        Assert.Equal((0, 0), (cut, freed));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((1, 1), (cut, freed));
        place.Start(); // too late
        place.Dispose();
        _time.Advance(ViewerPlace.StartTime);
        Assert.Equal((1, 1), (cut, freed));
    }

    [Fact]
    public void IsKeptByAPageUntilItGoes()
    {
        var (cut, freed) = (0, 0);
        using var place = new ViewerPlace(_time, () => cut++, () => freed++);
        place.Start();
        _time.Advance(ViewerPlace.StartTime * 100);
        Assert.Equal((0, 0), (cut, freed));
        place.Dispose();
        place.Dispose();
        Assert.Equal((0, 1), (cut, freed));
    }

    [Fact]
    public async Task SocketsOnWhichNothingStartsKeepNobodyOutForLong()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["SocketSync:Listeners:Default:Port"] = "0";
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.AddSocketSync().AddDashboard();
        await using var app = builder.Build();
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);
        var hub = new UriBuilder(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) { Path = "/_page/hub" }.Uri;
        using var http = new HttpClient();

        var sockets = new List<ClientWebSocket>();
        for (var i = 0; i < PageAdmission.MaxViewers; i++)
        {
            sockets.Add(await ConnectAsync(hub));
            // Half of them have said hello, as SignalR does, and nothing more.
            if (i % 2 == 0)
                await sockets[i].SendAsync("""{"protocol":"blazorpack","version":1}"""u8.ToArray().Append((byte)0x1e).ToArray(), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusOfAsync(http, hub));
        _time.Advance(ViewerPlace.StartTime);
        Assert.Equal(HttpStatusCode.NoContent, await StatusOfAsync(http, hub));
        foreach (var socket in sockets)
        {
            await Assert.ThrowsAnyAsync<WebSocketException>(async () =>
            {
                while (true)
                    await socket.ReceiveAsync(new byte[100], TestContext.Current.CancellationToken).WaitAsync(ListenerTransportClient.Limit, TestContext.Current.CancellationToken);
            });
            socket.Dispose();
        }

        using (await ConnectAsync(hub))
        {
        }
    }

    [Theory]
    [InlineData("http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    [InlineData("the page's", HttpStatusCode.SwitchingProtocols)]
    [InlineData(null, HttpStatusCode.SwitchingProtocols)]
    public async Task ASocketOfAnotherPageIsRefused(string? origin, HttpStatusCode status)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["SocketSync:Listeners:Default:Port"] = "0";
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Logging.ClearProviders();
        builder.AddSocketSync().AddDashboard();
        await using var app = builder.Build();
        app.MapGroup("/sync").MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);
        var url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (origin is not null) socket.Options.SetRequestHeader("Origin", origin == "the page's" ? url : origin);
        var connecting = socket.ConnectAsync(new Uri(url.Replace("http", "ws", StringComparison.Ordinal) + "/sync/_page/hub"), TestContext.Current.CancellationToken);
        if (status == HttpStatusCode.SwitchingProtocols)
            await connecting;
        else
            await Assert.ThrowsAsync<WebSocketException>(() => connecting);
        Assert.Equal(status, socket.HttpStatusCode);
    }

    private static async Task<ClientWebSocket> ConnectAsync(Uri hub)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(hub) { Scheme = "ws" }.Uri, TestContext.Current.CancellationToken);
        return socket;
    }

    private static async Task<HttpStatusCode> StatusOfAsync(HttpClient http, Uri hub)
    {
        using var answer = await http.GetAsync(hub, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
