using System.CommandLine;
using SocketSync.Benchmarks;

var root = new RootCommand("Measures SocketSync: the gate and the protocols by themselves, a server under load, and that server beside others.")
{
    FootprintCommand.Create(),
    MicroCommand.Create(),
    DashboardsCommand.Create(),
    LoadCommand.Create(),
    CompareCommand.Create(),
    ForwardCommand.Create(),
    ScaleCommand.Create(),
    PeerCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
