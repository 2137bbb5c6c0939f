using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>
/// Serves the page from a container and a pipeline of its own, made when somebody first asks for it: until then Blazor costs
/// the server neither time at its start nor memory, and it never meets the settings of a host that uses Blazor itself.
/// </summary>
internal sealed class PageHost(IServiceProvider services) : IAsyncDisposable
{
    private readonly Lazy<PagePipeline> _pipeline = new(() => new PagePipeline(services));

    /// <param name="context">A request of the host.</param>
    /// <param name="hostPath">Its path without what the host has mapped the page under.</param>
    /// <param name="path">What the page has it for.</param>
    public async Task ServeAsync(HttpContext context, string hostPath, string path)
    {
        var request = context.Request;
        var (pathBase, whole, endpoint) = (request.PathBase, request.Path, context.GetEndpoint());
        request.PathBase = pathBase.Add(Prefix(whole, hostPath));
        request.Path = path;
        context.SetEndpoint(null);
        try
        {
            await _pipeline.Value.ServeAsync(context);
        }
        finally
        {
            (request.PathBase, request.Path) = (pathBase, whole);
            context.SetEndpoint(endpoint);
        }
    }

    public ValueTask DisposeAsync() => _pipeline.IsValueCreated ? _pipeline.Value.DisposeAsync() : ValueTask.CompletedTask;

    private static PathString Prefix(PathString whole, string path)
    {
        var text = whole.Value ?? "";
        return path == "/" ? text.TrimEnd('/') : text[..^Math.Min(path.Length, text.Length)];
    }
}
