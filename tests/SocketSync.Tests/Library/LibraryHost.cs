using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>A host of somebody who uses the library: with Kestrel, or in memory.</summary>
internal static class LibraryHost
{
    /// <param name="add">Adds the host's own parts.</param>
    /// <param name="keys">What its file says, below section SocketSync.</param>
    /// <param name="kestrel">Whether it listens.</param>
    public static WebApplicationBuilder Create(Action<SocketSyncBuilder> add, string keys = "", bool kestrel = false)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddRouting();
        if (kestrel) builder.WebHost.UseKestrelCore();
        else builder.WebHost.UseTestServer();
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Configuration["SocketSync:DefaultAddress"] = "127.0.0.1";
        foreach (var pair in keys.Split("; ", StringSplitOptions.RemoveEmptyEntries).Select(key => key.Split('=', 2)))
            builder.Configuration[$"SocketSync:{pair[0]}"] = pair[1];
        add(builder.AddSocketSync());
        return builder;
    }

    public static async Task<WebApplication> StartAsync(Action<SocketSyncBuilder> add, string keys = "", bool kestrel = false)
    {
        var app = Create(add, keys, kestrel).Build();
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    public static ISharedResource Resource(this WebApplication app, string name) => app.Services.GetRequiredKeyedService<ISharedResource>(name);

    /// <summary>Asks in text; an outcome that is no reply is told by its name.</summary>
    public static async Task<string> AskAsync(this ISharedResource resource, string request, CancellationToken? cancellationToken = null)
    {
        var reply = await resource.AskAsync(Encoding.UTF8.GetBytes(request), cancellationToken: cancellationToken ?? TestContext.Current.CancellationToken);
        return reply.IsAnswered ? Encoding.UTF8.GetString(reply.Bytes.Span) : $"{reply.Outcome}";
    }

    /// <summary>A processor that answers with a text.</summary>
    public static ValueTask SayAsync(this RequestContext context, string text)
    {
        Encoding.UTF8.GetBytes(text, context.Reply);
        return ValueTask.CompletedTask;
    }
}
