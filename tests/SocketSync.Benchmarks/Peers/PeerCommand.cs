using System.CommandLine;

namespace SocketSync.Benchmarks;

/// <summary><c>peer</c>: the servers that <c>compare</c> starts from this program itself.</summary>
internal static class PeerCommand
{
    public static Command Create()
    {
        var port = new Option<int>("--port") { Required = true };
        var work = new Option<double>("--work-ms");
        var modbus = new Option<bool>("--modbus");
        var kestrel = new Command("kestrel-echo", "Lines back, by a connection handler on Kestrel as it comes.") { port };
        kestrel.SetAction((parsed, cancellation) => KestrelEcho.RunAsync(parsed.GetValue(port), cancellation));
        var device = new Command("device", "A device that takes one connection at a time and answers each line, or each frame of Modbus TCP.") { port, work, modbus };
        device.SetAction(parsed => Device.Run(parsed.GetValue(port), TimeSpan.FromMilliseconds(parsed.GetValue(work)), parsed.GetValue(modbus)));
        return new Command("peer", "Servers to compare with.") { Hidden = true, Subcommands = { kestrel, device } };
    }
}
