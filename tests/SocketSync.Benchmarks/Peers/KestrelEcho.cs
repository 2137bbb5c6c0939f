using System.Buffers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;

namespace SocketSync.Benchmarks;

/// <summary>An ungated echo on Kestrel as it comes: what a .NET programmer writes when nothing needs to take turns.</summary>
internal sealed class KestrelEcho : ConnectionHandler
{
    public static async Task RunAsync(int port, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.ConfigureKestrel(options => options.ListenLocalhost(port, static listen => listen.UseConnectionHandler<KestrelEcho>()));
        await using var app = builder.Build();
        await app.StartAsync(cancellationToken);
        await app.WaitForShutdownAsync(cancellationToken);
    }

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        while (true)
        {
            var read = await input.ReadAsync();
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                var next = rest.GetPosition(1, end);
                foreach (var segment in rest.Slice(0, next)) output.Write(segment.Span);
                rest = rest.Slice(next);
            }
            var flushed = await output.FlushAsync();
            if (read.IsCompleted || flushed.IsCompleted) return;
            input.AdvanceTo(rest.Start, rest.End);
        }
    }
}
