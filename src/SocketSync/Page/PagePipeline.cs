using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using SocketSync.Page;

namespace SocketSync;

/// <summary>The page's own services, and what a request for it passes through.</summary>
internal sealed class PagePipeline : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly RequestDelegate _serve;

    public PagePipeline(IServiceProvider host)
    {
        _services = PageServices.Create(host);
        var app = new ApplicationBuilder(_services);
        app.UseResponseCompression();
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = new EmbeddedFileProvider(typeof(PagePipeline).Assembly, "SocketSync.Page.Assets"),
            RequestPath = $"/{PagePaths.Folder}",
            OnPrepareResponse = file => PageHeaders.Set(file.Context),
        });
        app.Use(next => new PageDoor(
            _services.GetRequiredService<IHostApplicationLifetime>(), _services.GetRequiredService<TimeProvider>(), next).PassAsync);
        app.UseRouting();
        app.UseEndpoints(endpoints =>
        {
            endpoints.MapBlazorHub(PagePaths.Hub, hub => hub.Transports = HttpTransportType.WebSockets);
            endpoints.Map("/", context =>
            {
                PageHeaders.Set(context);
                return new RazorComponentResult<PageDocument>().ExecuteAsync(context);
            });
        });
        _serve = app.Build();
    }

    public async Task ServeAsync(HttpContext context)
    {
        var host = context.RequestServices;
        await using var scope = _services.CreateAsyncScope();
        context.RequestServices = scope.ServiceProvider;
        try
        {
            await _serve(context);
        }
        finally
        {
            context.RequestServices = host;
        }
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
