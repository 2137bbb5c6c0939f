using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary><c>healthcheck</c>: queries the running server's readiness, for an image without another HTTP client.</summary>
internal static class HealthCheckCommand
{
    private const string DefaultUrl = "http://127.0.0.1:8080/health/ready";
    private const int MostOfBody = 2000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static async Task<int> RunAsync(ServerArguments arguments, string? url, CancellationToken cancellationToken)
    {
        if (!TryFind(arguments, url, out var target))
            return ServerExit.Invalid([$"--url: '{url}': must be a URL such as {DefaultUrl}"]);

        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = 1 << 20 };
        try
        {
            using var response = await client.GetAsync(target, cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            Console.Out.WriteLine($"{(int)response.StatusCode} {response.ReasonPhrase} {body[..Math.Min(body.Length, MostOfBody)]}".ReplaceLineEndings(" ").TrimEnd());
            return response.IsSuccessStatusCode ? ServerExit.Ok : ServerExit.Failed;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine($"{target}: no answer within {Patience.TotalSeconds} s");
        }
        catch (HttpRequestException e)
        {
            Console.Error.WriteLine($"{target}: {e.Message}".ReplaceLineEndings(" "));
        }

        return ServerExit.Failed;
    }

    private static bool TryFind(ServerArguments arguments, string? url, out Uri target)
    {
        if (url is null)
        {
            target = Configured(arguments) ?? new Uri(DefaultUrl);
            return true;
        }

        return Uri.TryCreate(url, UriKind.Absolute, out target!) && target.Scheme is "http" or "https";
    }

    private static Uri? Configured(ServerArguments arguments)
    {
        try
        {
            using var configuration = ServerConfiguration.Load(arguments);
            var options = ConfigurationReader.Read(configuration, ServerConfiguration.Processors).Options;
            return HttpReadiness.UrlOf(HttpEndPoints.Of(configuration, options.DefaultAddress));
        }
        catch (SocketSyncStartupException) when (arguments.ConfigFile is null)
        {
            // The file may have been broken since the server read it; the server still runs with the old settings.
            return null;
        }
    }
}

/// <summary>Finds the URL of the server's readiness, as seen from the same machine.</summary>
internal static class HttpReadiness
{
    /// <summary>Returns the URL, or <see langword="null"/> if no endpoint has a fixed port.</summary>
    public static Uri? UrlOf(IEnumerable<HttpEndPoint> http) => http
        .Where(e => e is { Host: not null, Port: > 0 })
        .OrderBy(e => e.IsHttps)
        .Select(e => new UriBuilder(e.IsHttps ? Uri.UriSchemeHttps : Uri.UriSchemeHttp, Reachable(e.Host!), e.Port, "/health/ready").Uri)
        .FirstOrDefault();

    private static string Reachable(string host)
    {
        if (!IPAddress.TryParse(host, out var address) || address.Equals(IPAddress.Any)) return "127.0.0.1";
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : host;
    }
}
