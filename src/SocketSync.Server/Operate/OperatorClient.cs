using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;

namespace SocketSync;

/// <summary>Asks a running server by its HTTP interface, and steers it with the operator's token.</summary>
/// <param name="server">Its address; a path before <c>/api</c> is kept, as behind a proxy.</param>
/// <param name="token">The operator's; <see langword="null"/> to watch only.</param>
/// <param name="patience">How long it may take to answer.</param>
internal sealed class OperatorClient(Uri server, string? token, TimeSpan patience) : IDisposable
{
    public const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>The environment variable that sets <see cref="AdminOptions.Token"/>, for the server and for this.</summary>
    private const string TokenVariable = "SocketSync__Admin__Token";

    private const int MostOfAnswer = 64 << 20; // the status of ten thousand resources

    private static readonly JsonSerializerOptions s_json = JsonSerializerOptions.Web;

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        Timeout = patience,
        MaxResponseContentBufferSize = MostOfAnswer,
    };

    public static Option<string?> UrlOption { get; } = new("--url")
    {
        HelpName = "URL",
        Description = $"The server that is asked; of several nodes, any [default: {DefaultUrl}]",
    };

    public static Option<string?> TokenOption { get; } = new("--token-file")
    {
        HelpName = "FILE",
        Description = $"Holds the operator's token; else it is taken from the environment, {TokenVariable}",
    };

    /// <returns>The server that <see cref="UrlOption"/> names; <see langword="null"/>, and a problem, if it is none.</returns>
    public static Uri? FindServer(ParseResult parsed, ICollection<string> problems)
    {
        var url = parsed.GetValue(UrlOption) ?? DefaultUrl;
        if (Uri.TryCreate(url, UriKind.Absolute, out var server) && server.Scheme is "http" or "https") return server;
        problems.Add($"--url: '{url}': must be a URL such as {DefaultUrl}");
        return null;
    }

    /// <returns>The token; <see langword="null"/>, and a problem, if there is none.</returns>
    public static string? FindToken(ParseResult parsed, ICollection<string> problems)
    {
        var file = parsed.GetValue(TokenOption);
        string? token;
        try
        {
            token = file is null ? Environment.GetEnvironmentVariable(TokenVariable) : File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add($"--token-file: '{file}': {e.Message}");
            return null;
        }

        token = token?.Trim();
        if (!string.IsNullOrEmpty(token) && token.All(c => c is >= ' ' and <= '~')) return token;
        problems.Add(file is null
            ? $"{TokenVariable}: must hold the operator's token, or --token-file must name a file that does"
            : $"--token-file: '{file}': must hold the operator's token");
        return null;
    }

    /// <summary>Gets a document as it is.</summary>
    /// <exception cref="OperatorException">It is not to be had.</exception>
    public async Task<string> GetAsync(string path, CancellationToken cancellationToken)
    {
        var (isDone, text) = await SendAsync(HttpMethod.Get, path, cancellationToken);
        return isDone ? text : throw new OperatorException($"{At(path)}: {text}");
    }

    /// <summary>Gets a document and reads it.</summary>
    /// <exception cref="OperatorException">It is not to be had, or is none of this server's.</exception>
    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        var text = await GetAsync(path, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize<T>(text, s_json) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new OperatorException($"{At(path)}: is not what SocketSync answers: {e.Message}", e);
        }
    }

    /// <summary>Does something.</summary>
    /// <returns>Why it was refused, in one line; <see langword="null"/> if it was done.</returns>
    /// <exception cref="OperatorException">The server cannot be asked.</exception>
    public async Task<string?> SteerAsync(HttpMethod method, string path, CancellationToken cancellationToken)
    {
        var (isDone, text) = await SendAsync(method, path, cancellationToken);
        return isDone ? null : text;
    }

    public void Dispose() => _http.Dispose();

    /// <returns>The body of the answer, or the reason of a refusal.</returns>
    private async Task<(bool IsDone, string Text)> SendAsync(HttpMethod method, string path, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(method, At(path));
            if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await _http.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            return response.IsSuccessStatusCode ? (true, body) : (false, ReasonOf(body) ?? $"{(int)response.StatusCode} {response.ReasonPhrase}");
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new OperatorException($"{server}: no answer within {patience.TotalSeconds} s", e);
        }
        catch (HttpRequestException e)
        {
            throw new OperatorException($"{server}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private Uri At(string path) => new(server, $"{server.AbsolutePath.TrimEnd('/')}/{path}");

    /// <summary>The sentence of an answer of RFC 9457.</summary>
    private static string? ReasonOf(string body)
    {
        try
        {
            using var problem = JsonDocument.Parse(body);
            return problem.RootElement.TryGetProperty("detail", out var detail) ? detail.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // a proxy's, perhaps
        }
    }
}

/// <summary>A running server cannot be asked. The message is one line for people.</summary>
internal sealed class OperatorException(string message, Exception? innerException = null) : Exception(message, innerException);
