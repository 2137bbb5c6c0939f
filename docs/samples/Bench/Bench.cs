using System.Buffers;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;

namespace SocketSync.Samples;

/// <summary>What section Settings of a bench's resource may say. Anything else keeps the host from starting, in one line.</summary>
public sealed class BenchSettings
{
    /// <summary>The programs that it knows.</summary>
    [Range(1, 99)]
    public int Programs { get; set; } = 3;

    /// <summary>What it is called.</summary>
    public string Title { get; set; } = "bench";
}

/// <summary>Asks which program to run, and runs it: the client has the bench until the answer is there.</summary>
public sealed class Bench(IOptionsMonitor<BenchSettings> settings) : IRequestProcessor
{
    private int _runs; // one bench for each resource, and nobody else inside

    /// <inheritdoc/>
    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var mine = settings.Get(context.Resource);
        Write(context, $"{mine.Title}: which program, 1 to {mine.Programs}?\n");
        await context.SendAsync(cancellationToken); // now, and not when the turn has ended
        if (await context.ReceiveAsync(cancellationToken) is not { } answer)
            return; // the client has gone

        var text = Encoding.UTF8.GetString(answer).Trim();
        Write(context, int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var program) && program >= 1 && program <= mine.Programs
            ? string.Create(CultureInfo.InvariantCulture, $"run {++_runs}: program {program}\n")
            : $"there is no program {text}\n");
    }

    private static void Write(RequestContext context, string text) => Encoding.UTF8.GetBytes(text, context.Reply);
}
