using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;

namespace SocketSync;

/// <summary><c>move</c>: lets another node own a resource from now on.</summary>
internal static class MoveCommand
{
    private const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>The environment variable that sets <see cref="AdminOptions.Token"/>, for the server and for this.</summary>
    private const string TokenVariable = "SocketSync__Admin__Token";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60); // the requests in hand are finished first

    private static readonly Argument<string> ResourceArgument = new("NAME") { Description = "The resource" };

    private static readonly Argument<string> NodeArgument = new("NODE") { Description = "The node that shall own it" };

    private static readonly Option<string?> UrlOption = new("--url")
    {
        HelpName = "URL",
        Description = $"The server that is asked, any of the nodes [default: {DefaultUrl}]",
    };

    private static readonly Option<string?> TokenOption = new("--token-file")
    {
        HelpName = "FILE",
        Description = $"Holds the operator's token; else it is taken from the environment, {TokenVariable}",
    };

    public static Command Build()
    {
        var command = new Command("move", "Let another node own a resource, once the owner has answered what it has; exit code 0 or 1.\n\nExample: move Bench b")
        {
            ResourceArgument, NodeArgument, UrlOption, TokenOption,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var problems = CommandLineKeys.ProblemsOf(parsed);
        var url = parsed.GetValue(UrlOption) ?? DefaultUrl;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
            problems.Add($"--url: '{url}': must be a URL such as {DefaultUrl}");
        if (FindToken(parsed.GetValue(TokenOption), problems) is not { } token || problems.Count > 0)
            return ServerExit.Invalid(problems);

        var (resource, node) = (parsed.GetValue(ResourceArgument)!, parsed.GetValue(NodeArgument)!);
        var target = new Uri(server!, $"{server!.AbsolutePath.TrimEnd('/')}/api/resources/{Uri.EscapeDataString(resource)}/move?node={Uri.EscapeDataString(node)}");
        try
        {
            var problem = await MoveAsync(target, token, cancellationToken);
            if (problem is null)
            {
                Console.Out.WriteLine($"{resource} is moved to {node}");
                return ServerExit.Ok;
            }

            Console.Error.WriteLine($"{resource}: {problem}");
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine($"{url}: no answer within {Patience.TotalSeconds} s");
        }
        catch (HttpRequestException e)
        {
            Console.Error.WriteLine($"{url}: {e.Message}".ReplaceLineEndings(" "));
        }

        return ServerExit.Failed;
    }

    private static string? FindToken(string? file, List<string> problems)
    {
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
        if (string.IsNullOrEmpty(token) || token.Any(c => c is < ' ' or > '~'))
        {
            problems.Add(file is null
                ? $"{TokenVariable}: must hold the operator's token, or --token-file must name a file that does"
                : $"--token-file: '{file}': must hold the operator's token");
            return null;
        }

        return token;
    }

    /// <returns>Why it was refused; <see langword="null"/> if it was not.</returns>
    private static async Task<string?> MoveAsync(Uri target, string token, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = 1 << 20 };
        using var request = new HttpRequestMessage(HttpMethod.Post, target);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.SendAsync(request, cancellationToken);
        if (response.IsSuccessStatusCode)
            return null;
        return ReasonOf(await response.Content.ReadAsStringAsync(cancellationToken)) ?? $"{(int)response.StatusCode} {response.ReasonPhrase}";
    }

    /// <summary>The sentence of an answer of RFC 9457.</summary>
    private static string? ReasonOf(string body)
    {
        try
        {
            using var problem = JsonDocument.Parse(body);
            return problem.RootElement.TryGetProperty("detail", out var detail) ? detail.GetString() : null;
        }
        catch (JsonException)
        {
            return null; // a proxy's, perhaps
        }
    }
}
