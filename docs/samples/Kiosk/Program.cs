// Code of the host in one line with the clients of the socket: who prints by HTTP waits for who prints by TCP, and the other way round.
using System.Text;
using Microsoft.AspNetCore.Mvc;
using SocketSync;

var builder = WebApplication.CreateBuilder(args);
builder.AddSocketSync()
    .AddProcessor("Printer", async (context, cancellationToken) =>
    {
        await Task.Delay(20, cancellationToken); // the paper moves
        Encoding.UTF8.GetBytes($"printed {Encoding.UTF8.GetString(context.Request).Trim()}\n", context.Reply);
    })
    .AddResource("Printer", new() { Processor = "Printer", Protocol = new() { Name = "Line" }, Gate = new() { WaitTimeout = TimeSpan.FromSeconds(5) } })
    .AddListener("Printer", new() { Port = 56784 });

var app = builder.Build();
app.MapSocketSync().RequireHost("localhost", "127.0.0.1"); // conventions, as for any endpoint: also RequireAuthorization, or a path of its own

// As a client would.
app.MapPost("/print/{what}", async (string what, [FromKeyedServices("Printer")] ISharedResource printer, CancellationToken aborted) =>
{
    var reply = await printer.AskAsync(Encoding.UTF8.GetBytes(what + "\n"), cancellationToken: aborted);
    return reply.IsAnswered ? Results.Text(Encoding.UTF8.GetString(reply.Bytes.Span)) : Results.Problem($"{reply.Outcome}", statusCode: StatusCodes.Status503ServiceUnavailable);
});

// Something that no client can ask for, before all of them.
app.MapPost("/clean", async ([FromKeyedServices("Printer")] ISharedResource printer, CancellationToken aborted) =>
{
    await printer.RunAsync(async cancellationToken => await Task.Delay(50, cancellationToken), Priority.High, aborted);
    return "cleaned\n";
});
app.Run();
