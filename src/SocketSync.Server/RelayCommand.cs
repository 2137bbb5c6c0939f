using System.Collections.ObjectModel;
using System.CommandLine;

namespace SocketSync;

/// <summary><c>relay</c>: shares one device without a file, or prints the file that says the same.</summary>
internal static class RelayCommand
{
    private static readonly Option<string> ListenOption = new("--listen")
    {
        HelpName = "PLACE",
        Description = "Where clients connect: PORT (on this machine only), ADDRESS:PORT, *:PORT (from everywhere) or unix:PATH",
        Required = true,
    };

    private static readonly Option<string> TargetOption = new("--to")
    {
        HelpName = "DEVICE",
        Description = "The device: HOST:PORT, tls:HOST:PORT, udp:HOST:PORT, serial:DEVICE or process:COMMAND, with keys of the link after a question mark",
        Required = true,
    };

    private static readonly Option<string?> ProtocolOption = new("--protocol")
    {
        HelpName = "NAME",
        Description = $"What the clients speak: {string.Join(", ", ProtocolCatalog.Names)} [default: what the device speaks, ModbusTcp for any Modbus, or Raw]",
    };

    private static readonly Option<bool> PrintOption = new("--print") { Description = "Print the configuration that says the same, for --config, and do nothing" };

    public static Command Build(Func<ServerArguments, Task<int>> run)
    {
        var command = new Command("relay", """
            Share one device without a configuration file. Any key of the configuration can be given beside, as --Section:Key=value

            Examples:
              relay --listen 1502 --to 192.0.2.10:502 --protocol ModbusTcp
              relay --listen '*:1502' --to 'serial:/dev/ttyUSB0?BaudRate=19200&Protocol=ModbusRtu'
              relay --listen 5025 --to 192.0.2.11:5025 --protocol Scpi --print >bench.json
            """)
        {
            ListenOption, TargetOption, ProtocolOption, PrintOption,
        };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, _) => RunAsync(parsed, run));
        return command;
    }

    private static Task<int> RunAsync(ParseResult parsed, Func<ServerArguments, Task<int>> run)
    {
        var keys = CommandLineKeys.Parse(parsed.UnmatchedTokens);
        var problems = new List<string>();
        var isPrinted = parsed.GetValue(PrintOption);
        var settings = RelayPlan.Write(
            parsed.GetValue(ListenOption)!, parsed.GetValue(TargetOption)!, parsed.GetValue(ProtocolOption), isPrinted ? keys : ReadOnlyDictionary<string, string?>.Empty, problems);
        if (parsed.GetValue<string?>("--config") is { } file) problems.Add($"--config: '{file}': relay has no file; --print prints one to begin with");
        if (problems.Count > 0) return Task.FromResult(ServerExit.Invalid(problems));

        var arguments = new ServerArguments(ConfigFile: null, keys) { Settings = settings };
        if (!isPrinted) return run(arguments);
        using (var configuration = ServerConfiguration.Load(arguments)) HostConfiguration.Read(configuration, ServerConfiguration.Processors, []);
        Console.Out.WriteLine(settings);
        return Task.FromResult(ServerExit.Ok);
    }
}
