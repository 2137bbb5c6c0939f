using System.Buffers;
using System.Diagnostics;
using System.Text;

namespace SocketSync.TestHost;

/// <summary>
/// Does what the request's first word says, and replies with the request:
/// <c>hold KEY</c> stays in its turn until KEY is released; <c>ignore KEY</c> does so whatever its token says;
/// <c>block KEY</c> does so on its thread, <c>sleep KEY</c> too but so that the runtime does not learn of it, and
/// <c>spin KEY</c> with a core to itself; <c>cancel</c> waits for its token; <c>throw</c> throws; anything else is an echo.
/// </summary>
internal sealed class Scripted(Stage stage) : IRequestProcessor
{
    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var request = Encoding.Latin1.GetString(context.Request).TrimEnd('\r', '\n');
        using var visit = stage.Enter(context.Resource, request);
        var words = request.Split(' ', 2);
        switch (words[0])
        {
            case "hold":
                await stage.Released(words[1]).WaitAsync(cancellationToken);
                break;
            case "ignore":
                await stage.Released(words[1]);
                break;
            case "block":
                BlockThread(words[1]);
                break;
            case "sleep":
                PassTime(words[1], () => Thread.Sleep(5));
                break;
            case "spin":
                PassTime(words[1], () => Thread.SpinWait(100));
                break;
            case "cancel":
                await Task.Delay(Timeout.Infinite, cancellationToken);
                break;
            case "throw":
                throw new InvalidOperationException("thrown because the request said so");
        }

        context.Reply.Write(Encoding.Latin1.GetBytes(request + "\n"));
    }

    private void BlockThread(string key) => stage.Released(key).Wait(TimeSpan.FromSeconds(30));

    private void PassTime(string key, Action some)
    {
        var (released, begun) = (stage.Released(key), Stopwatch.GetTimestamp());
        while (!released.IsCompleted && Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(30))
            some();
    }
}
