using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace SocketSync.TestHost;

/// <summary>
/// Uses a device that is shared by several nodes, over a connection of its own, and tells it in each turn in whose name: a line with the
/// epoch, the node and the request. Replies with the device's answer. Where that device is stands in the configuration's section Judged.
/// <para>
/// The request that the environment names stops the whole process right before that line is written, when the turn has been granted
/// already: what no software can hold back.
/// </para>
/// </summary>
internal sealed class Judged(IConfiguration configuration) : IRequestProcessor, IAsyncDisposable
{
    /// <summary>The environment variable that names the request.</summary>
    public const string StopAt = "TEST_STOP_AT";

    private const int Stop = 19;

    private static readonly string? s_stopAt = Environment.GetEnvironmentVariable(StopAt);

    private TcpClient? _device;
    private StreamReader? _answers;

    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var request = Encoding.Latin1.GetString(context.Request).TrimEnd('\r', '\n');
        try
        {
            var answers = _answers ?? await ConnectAsync(context.Resource, cancellationToken);
            if (request == s_stopAt) StopThisProcess();
            await _device!.GetStream().WriteAsync(Encoding.Latin1.GetBytes($"{context.Epoch} {configuration["SocketSync:Cluster:Node"]} {request}\n"), cancellationToken);
            var answer = await answers.ReadLineAsync(cancellationToken) ?? throw new EndOfStreamException("the device has hung up");
            context.Reply.Write(Encoding.Latin1.GetBytes(answer + "\n"));
        }
        catch
        {
            Disconnect(); // An answer that comes yet is not for the next one.
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        Disconnect();
        return ValueTask.CompletedTask;
    }

    private async Task<StreamReader> ConnectAsync(string resource, CancellationToken cancellationToken)
    {
        _device = new TcpClient { NoDelay = true };
        await _device.ConnectAsync(IPEndPoint.Parse(configuration[$"Judged:{resource}"]!), cancellationToken);
        return _answers = new(_device.GetStream(), Encoding.Latin1);
    }

    private void Disconnect()
    {
        _answers?.Dispose();
        _device?.Dispose();
        (_answers, _device) = (null, null);
    }

    private static void StopThisProcess()
    {
        if (Kill(Environment.ProcessId, Stop) != 0) throw new InvalidOperationException("the process cannot stop itself");
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
