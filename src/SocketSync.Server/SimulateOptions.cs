using System.CommandLine;
using System.Globalization;

namespace SocketSync;

/// <summary>A kind of device that <c>simulate</c> makes.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="DefaultPort">Where it listens if nothing is said.</param>
internal sealed record SimulatedKind(string Name, int DefaultPort)
{
    public required string Summary { get; init; }

    public required string Details { get; init; }

    public required string Example { get; init; }

    /// <summary>Whether such devices are on serial lines.</summary>
    public bool IsOfSerialLines { get; init; }

    /// <summary>Whether it answers to units of its own only.</summary>
    public bool HasUnits { get; init; }

    /// <summary>Makes one with these units.</summary>
    public required Func<IReadOnlyList<byte>, ISimulatedDevice> Make { get; init; }
}

/// <summary>What the command line says of a simulated device.</summary>
/// <param name="Address">Where it listens, unless it is on a serial line.</param>
/// <param name="Line">The serial line.</param>
/// <param name="Units">Its units.</param>
/// <param name="Manners">How it behaves.</param>
internal sealed record SimulateArguments(ListenAddress Address, SerialLinkOptions? Line, IReadOnlyList<byte> Units, SimulatedManners Manners);

/// <summary>The options of a kind, and what is wrong with their values.</summary>
internal sealed class SimulateOptions
{
    private const string Manner =
        "One connection at a time, as many a device has it: another is closed at once. A line is printed for each connection and each "
        + "request. Ctrl-C or SIGTERM ends it, with exit code 0.";

    private readonly SimulatedKind _kind;
    private readonly Option<string?> _listen;
    private readonly Option<string?> _serial = new("--serial")
    {
        HelpName = "DEVICE[,BAUD]",
        Description = "Be on this serial line, 9600 Bd unless said otherwise, 8 data bits, no parity, 1 stop bit. Where there is no such file "
            + "outside of /dev, a line is made: a pseudo-terminal that others open under this name",
    };

    private readonly Option<bool> _echo = new("--echo")
    {
        Description = "With --serial: give back each request before its reply, as an RS-485 adapter does that hears itself",
    };

    private readonly Option<string?> _unit = new("--unit")
    {
        HelpName = "UNITS",
        Description = "The units that it answers for, 1 to 247, such as 1,5-7 [default: 1]",
    };

    private readonly Option<string?> _delay = new("--delay")
    {
        HelpName = "TIME",
        Description = "The time before each reply: hh:mm:ss[.fff], 200ms or 1.5s [default: none]",
    };

    private readonly Option<string?> _misbehave = new("--misbehave")
    {
        HelpName = "late,twice,silent,hang-up",
        Description = string.Create(CultureInfo.InvariantCulture,
            $"What goes wrong with every {SimulatedManners.Every}rd reply, one of those named after the other. late: it comes {SimulatedManners.LateBy.TotalSeconds} s later, ")
            + "when a relay by its defaults has given up; twice: it comes two times; silent: it never comes; hang-up: the connection is closed "
            + "in its place (on a serial line, silent)",
    };

    private SimulateOptions(SimulatedKind kind)
    {
        _kind = kind;
        _listen = new("--listen")
        {
            HelpName = "[ADDRESS:]PORT",
            Description = string.Create(CultureInfo.InvariantCulture,
                $"Where to listen; the address is an IP address, localhost or *; port 0 picks a free one [default: localhost:{kind.DefaultPort}]"),
        };
    }

    public static Command Build(SimulatedKind kind, Func<SimulateArguments, Task<int>> run)
    {
        var options = new SimulateOptions(kind);
        var command = new Command(kind.Name, $"{kind.Summary}.\n\n{kind.Details}\n\n{Manner}\n\nExample: {kind.Example}")
        {
            options._listen, options._delay, options._misbehave,
        };
        if (kind.IsOfSerialLines)
        {
            command.Add(options._serial);
            command.Add(options._echo);
        }

        if (kind.HasUnits) command.Add(options._unit);
        command.SetAction((parsed, _) => run(options.Read(parsed)));
        return command;
    }

    private SimulateArguments Read(ParseResult parsed)
    {
        var problems = CommandLineKeys.ProblemsOf(parsed);
        var (listen, serial) = (parsed.GetValue(_listen), _kind.IsOfSerialLines ? parsed.GetValue(_serial) : null);
        if (listen is not null && serial is not null) problems.Add("--serial: cannot be given together with --listen");
        var echoes = _kind.IsOfSerialLines && parsed.GetValue(_echo);
        if (echoes && serial is null) problems.Add("--echo: needs --serial: only a line gives back what is sent on it");
        var address = Address(listen, problems);
        var line = serial is null ? null : Line(serial, problems);
        IReadOnlyList<byte> units = _kind.HasUnits ? Units(parsed.GetValue(_unit) ?? "1", problems) : [];

        var delay = TimeSpan.Zero;
        if (parsed.GetValue(_delay) is { } time && !SimulatedManners.TryParseTime(time, out delay)) problems.Add($"--delay: '{time}': {SimulatedManners.TimeForms}");
        // The silence before a frame is part of it (Modbus over Serial Line V1.02, 2.5.1.1).
        if (line is not null && _kind.HasUnits && SerialLink.SilenceAt(line.BaudRate) is var least && delay < least) delay = least;

        IReadOnlyList<Misbehaviour> misbehaviours = [];
        if (parsed.GetValue(_misbehave) is { } names && SimulatedManners.TryParse(names, out misbehaviours) is { } problem) problems.Add($"--misbehave: {problem}");
        return problems.Count == 0 ? new(address, line, units, new(delay, misbehaviours, echoes)) : throw new SocketSyncStartupException(problems);
    }

    private ListenAddress Address(string? text, List<string> problems)
    {
        const string local = "localhost";
        if (text is null) return new(local, _kind.DefaultPort);
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? local : text[..colon];
        if (host is ['[', .., ']']) host = host[1..^1];
        if (int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= ushort.MaxValue && ListenAddress.IsValidHost(host))
            return new(host, port);
        problems.Add($"--listen: '{text}': must be a port from 0 to 65535, or an address and a port such as 127.0.0.1:5020, [::1]:5020 or *:5020");
        return new(local, 0);
    }

    private static SerialLinkOptions? Line(string text, List<string> problems)
    {
        var comma = text.LastIndexOf(',');
        var device = comma < 0 ? text : text[..comma];
        var line = new SerialLinkOptions { Device = device };
        if (device.Length > 0 && comma < 0) return line;
        if (device.Length > 0 && int.TryParse(text.AsSpan(comma + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var rate) && rate > 0)
            return line with { BaudRate = rate };
        problems.Add($"--serial: '{text}': must be a device, or a device and its baud rate, such as /dev/ttyUSB0,19200");
        return null;
    }

    private static List<byte> Units(string text, List<string> problems)
    {
        if (NumberRanges.TryParse(text, 1, 247, out var units)) return [.. units!.Numbers().Select(unit => (byte)unit)];
        problems.Add($"--unit: '{text}': must be units from 1 to 247, such as 1 or 1,5-7");
        return [];
    }
}
