using System.Net.Http.Headers;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>One who reads a stream of server-sent events. Every wait is bounded.</summary>
internal sealed class EventReader : IDisposable
{
    private readonly HttpResponseMessage _answer;
    private readonly StreamReader _lines;

    private EventReader(HttpResponseMessage answer, Stream stream)
    {
        _answer = answer;
        _lines = new StreamReader(stream);
    }

    public string? MediaType => _answer.Content.Headers.ContentType?.MediaType;

    /// <summary>Begins to read; when it returns, no event of later is missed.</summary>
    public static async Task<EventReader> OpenAsync(ServerProcess server, string path, string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var answer = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        return new(answer, await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>The next event's data; null at the end of the stream.</summary>
    public async Task<JsonElement?> NextAsync()
    {
        while (await NextLineAsync() is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
            using var data = JsonDocument.Parse(line["data: ".Length..]);
            return data.RootElement.Clone();
        }

        return null;
    }

    /// <summary>The next line, whatever it is.</summary>
    public async Task<string?> NextLineAsync() =>
        await _lines.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Poll.Bound);

    public void Dispose()
    {
        _lines.Dispose();
        _answer.Dispose();
    }
}
