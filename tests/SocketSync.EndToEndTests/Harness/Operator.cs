using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>One who steers a server by its API.</summary>
internal sealed class Operator(ServerProcess server, string? token = Operator.Token)
{
    public const string Token = "correct-horse-battery";

    /// <summary>What stands in the configuration, with a comma at its end.</summary>
    public const string Setting = $$"""
        "Admin": { "Token": "{{Token}}" },
        """;

    public Task<HttpStatusCode> PauseAsync(string resource = "Default") => StatusOfAsync(HttpMethod.Post, $"/api/resources/{resource}/pause");

    public Task<HttpStatusCode> ResumeAsync(string resource = "Default") => StatusOfAsync(HttpMethod.Post, $"/api/resources/{resource}/resume");

    public Task<HttpStatusCode> CloseAsync(string connectionId) => StatusOfAsync(HttpMethod.Delete, $"/api/connections/{connectionId}");

    public Task<EventReader> TraceAsync(string resource = "Default") => EventReader.OpenAsync(server, $"/api/resources/{resource}/trace", token);

    public async Task<HttpStatusCode> StatusOfAsync(HttpMethod method, string path)
    {
        using var answer = await AskAsync(method, path);
        return answer.StatusCode;
    }

    public async Task<HttpResponseMessage> AskAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public async Task<List<JsonElement>> ConnectionsAsync()
    {
        using var all = JsonDocument.Parse(await server.Http.GetStringAsync(new Uri("/api/connections", UriKind.Relative), TestContext.Current.CancellationToken));
        return [.. all.RootElement.EnumerateArray().Select(entry => entry.Clone())];
    }

    /// <summary>The id of a client, as the server knows it.</summary>
    public async Task<string> IdOfAsync(TestClient client) =>
        (await ConnectionsAsync()).Single(entry => entry.GetProperty("remoteEndPoint").GetString() == $"{client.Socket.LocalEndPoint}").GetProperty("id").GetString()!;
}
