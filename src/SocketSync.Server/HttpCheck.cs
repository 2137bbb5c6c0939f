using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>
/// What of section Kestrel, and of HTTPS addresses, would keep the server from starting, found by Kestrel itself: it reads its
/// section and its certificates, and takes no address.
/// </summary>
internal static class HttpCheck
{
    /// <returns>One line for each problem.</returns>
    public static IReadOnlyList<string> Problems(IConfiguration configuration, IReadOnlyList<HttpEndPoint> http)
    {
        try
        {
            var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory });
            builder.WebHost.UseKestrel(kestrel =>
            {
                kestrel.Configure(configuration.GetSection("Kestrel"), reloadOnChange: false).Load();
                foreach (var endPoint in http.Where(e => e.IsHttps && !HttpEndPoints.IsKestrels(e)))
                    kestrel.ListenAnyIP(0, listen => KestrelSetup.UseHttps(listen, endPoint));
            });
            using var app = builder.Build();
            _ = app.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;
            return [];
        }
        catch (Exception e) when (StartFailure.Describe(e, http) is { } problems)
        {
            return problems;
        }
    }
}
