using System.Buffers;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace SocketSync.SamplePlugin;

/// <summary>Answers with a running number, what the configuration says, and the version of a library that it has brought.</summary>
public sealed partial class Bench(IConfiguration configuration, ILogger<Bench> logger) : IRequestProcessor
{
    private int _served;

    public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var library = FileVersionInfo.GetVersionInfo(typeof(Serilog.Log).Assembly.Location).FileVersion;
        LogServed(logger, ++_served);
        context.Reply.Write(Encoding.UTF8.GetBytes($"{_served} {configuration["Bench:Name"]} {library}\n"));
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The bench has served {Count}")]
    private static partial void LogServed(ILogger logger, int count);
}
