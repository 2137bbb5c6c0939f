using System.CommandLine;
using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary><c>simulate</c>: a device to try things on, where there is none.</summary>
internal static class SimulateCommand
{
    private const string Memory =
        "Each unit has the addresses 0 to 9999 in each table, and keeps what is written: holding register n holds n, input register n holds "
        + "20000 + n, coil n is on where n is odd, discrete input n is on where 3 divides n. Functions 1 to 6, 15, 16, 22, 23 and 43/14.";

    private static readonly SimulatedKind[] Kinds =
    [
        new("modbus", DefaultPort: 5020)
        {
            Summary = "A Modbus TCP device: units 1 to 247, and 0 and 255 for the device itself",
            Details = Memory + " Units 248 to 254 are told to be missing.",
            Example = "simulate modbus --listen 5020",
            Make = _ => new SimulatedModbus(ModbusTcp.Definition, []),
        },
        new("modbus-rtu", DefaultPort: 5021)
        {
            Summary = "A Modbus RTU device on a serial line, or with the frames of one over TCP",
            Details = Memory + " Requests to other units are not answered, and neither are broadcasts, which it obeys.",
            Example = "simulate modbus-rtu --serial /tmp/bus,19200 --unit 1,5",
            IsOfSerialLines = true,
            HasUnits = true,
            Make = units => new SimulatedModbus(ModbusRtu.Definition, units),
        },
        new("scpi", DefaultPort: 5022)
        {
            Summary = "An instrument that speaks SCPI: a power supply of 0 to 30 V that measures what it is set to",
            Details = "It knows *IDN?, *RST, *OPC?, *CLS, SYSTem:ERRor?, VOLTage, VOLTage? and MEASure:VOLTage?, several in a line with ; "
                + "between them. Anything else is not answered, and is put into the queue that SYSTem:ERRor? reads.",
            Example = "simulate scpi --listen 5022",
            IsOfSerialLines = true,
            Make = _ => new SimulatedInstrument(),
        },
        new("line", DefaultPort: 5023)
        {
            Summary = "Answers each line with its number and the line in capitals",
            Details = "A line ends with LF, CR or both. The numbers show in which order requests came, whoever sent them.",
            Example = "simulate line --listen 5023 --delay 00:00:01",
            IsOfSerialLines = true,
            Make = _ => new SimulatedLines(),
        },
    ];

    public static Command Build()
    {
        var command = new Command("simulate", $"A device to try things on: {string.Join(", ", Kinds.Select(kind => kind.Name))}. simulate KIND --help says more.\n\nExample: simulate modbus --listen 5020")
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        foreach (var kind in Kinds) command.Add(SimulateOptions.Build(kind, arguments => RunAsync(kind, arguments)));
        command.SetAction(parsed => ServerExit.Invalid([WhichKind(parsed.UnmatchedTokens)]));
        return command;
    }

    private static string WhichKind(IReadOnlyList<string> words)
    {
        var kinds = string.Join(", ", Kinds.Select(kind => kind.Name));
        if (words is not [var word, ..]) return $"simulate: which kind? {kinds}";
        var near = KnownKeys.Nearest(word, Kinds.Select(kind => kind.Name));
        return $"simulate: '{word}' is not one of {kinds}{(near is null ? "" : $"; did you mean {near}?")}";
    }

    private static async Task<int> RunAsync(SimulatedKind kind, SimulateArguments arguments)
    {
        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        var log = new SimulatorLog(Console.Out, TimeProvider.System);
        var simulator = new Simulator(kind.Make(arguments.Units), arguments.Manners, log, TimeProvider.System);
        if (arguments.Line is null)
        {
            await simulator.ListenAsync(arguments.Address, stop.Token);
            return ServerExit.Ok;
        }

        try
        {
            await using var line = await OpenAsync(arguments.Line, stop.Token);
            await simulator.ServeAsync(line, arguments.Line.Device, stop.Token);
            return ServerExit.Ok;
        }
        catch (LinkException e)
        {
            StandardErrorWriter.WriteLine(e.Message);
            return ServerExit.Failed;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    // Where there is no such device it is made, but not among those of the system.
    private static async Task<IOpenLink> OpenAsync(SerialLinkOptions line, CancellationToken cancellationToken)
    {
        try
        {
            return File.Exists(line.Device) || Path.GetFullPath(line.Device).StartsWith("/dev/", StringComparison.Ordinal) || OperatingSystem.IsWindows()
                ? await new SerialLink(line, framesEndBySilence: false).OpenAsync(cancellationToken)
                : PseudoTerminal.Create(line.Device);
        }
        catch (IOException e)
        {
            throw new SocketSyncStartupException([$"--serial: '{line.Device}': {e.Message}"]);
        }
    }
}
