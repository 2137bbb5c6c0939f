using System.Buffers;
using System.Globalization;
using System.Text;

namespace SocketSync;

/// <summary>
/// An SCPI instrument, a power supply that measures what it is set to. Commands of one line are separated by semicolons, and so are
/// the replies to the queries among them (IEEE 488.2, 8.4.1). What it does not understand goes to its queue of errors and is not
/// answered: as with any instrument, who asks so waits in vain.
/// </summary>
internal sealed class SimulatedInstrument : ISimulatedDevice
{
    private const double MostVolts = 30;
    private const int MostErrors = 16;

    // "SCPI-1999", volume 2, 21.8, has the texts.
    private const string NoError = "0,\"No error\"";
    private const string DataTypeError = "-104,\"Data type error\"";
    private const string ParameterNotAllowed = "-108,\"Parameter not allowed\"";
    private const string MissingParameter = "-109,\"Missing parameter\"";
    private const string UndefinedHeader = "-113,\"Undefined header\"";
    private const string DataOutOfRange = "-222,\"Data out of range\"";
    private const string QueueOverflow = "-350,\"Queue overflow\"";

    private static readonly Dictionary<string, string> LongForms = new(StringComparer.Ordinal)
    {
        ["MEASURE"] = "MEAS", ["SOURCE"] = "SOUR", ["SYSTEM"] = "SYST", ["VOLTAGE"] = "VOLT", ["ERROR"] = "ERR",
    };

    private readonly Queue<string> _errors = new();
    private readonly Dictionary<string, Func<string?>> _commands;
    private double _volts;

    public SimulatedInstrument() => _commands = new(StringComparer.Ordinal)
    {
        ["*IDN?"] = static () => "SocketSync,Simulator,0,1.0",
        ["*OPC?"] = static () => "1",
        ["*RST"] = Reset,
        ["*CLS"] = Clear,
        ["SYST:ERR?"] = NextError,
        ["VOLT?"] = Volts,
        ["MEAS:VOLT?"] = Volts,
    };

    public IProtocol Protocol { get; } = ProtocolCatalog.Create(new ProtocolOptions { Name = ScpiProtocol.Definition.Name });

    public bool FramesEndBySilence => false;

    public SimulatedReply Answer(in ReadOnlySequence<byte> request)
    {
        var line = Encoding.Latin1.GetString(request).TrimEnd('\r', '\n');
        var asked = SimulatedReply.Quote(line);
        List<string> replies = [];
        var known = _errors.Count;
        foreach (var command in line.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Execute(command) is { } reply) replies.Add(reply);
        }

        if (replies.Count == 0) return SimulatedReply.None(asked, _errors.Count > known ? $"error {_errors.Last()}" : "");
        var told = string.Join(';', replies);
        return new(asked, SimulatedReply.Quote(told), Encoding.Latin1.GetBytes(told + "\n"));
    }

    private string? Execute(string command)
    {
        var parts = command.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var header = ShortForm(parts[0]);
        var parameter = parts.Length > 1 ? parts[1] : null;
        if (header == "VOLT") return Set(parameter);
        if (!_commands.TryGetValue(header, out var carryOut)) return Fail(UndefinedHeader);
        return parameter is null ? carryOut() : Fail(ParameterNotAllowed);
    }

    /// <summary>A header without the nodes that may be left out, each of the others in its short form: VOLT? for SOURce:VOLTage?.</summary>
    private static string ShortForm(string header)
    {
        var isQuery = header.EndsWith('?');
        var nodes = header.TrimEnd('?').TrimStart(':').ToUpperInvariant().Split(':').Select(node => LongForms.GetValueOrDefault(node, node)).ToList();
        if (nodes is ["SOUR", _, ..]) nodes.RemoveAt(0);
        if (nodes is [_, .., "NEXT" or "DC"]) nodes.RemoveAt(nodes.Count - 1);
        return string.Join(':', nodes) + (isQuery ? "?" : "");
    }

    private string Volts() => _volts.ToString("F3", CultureInfo.InvariantCulture);

    private string? Reset()
    {
        _volts = 0;
        return null;
    }

    private string? Clear()
    {
        _errors.Clear();
        return null;
    }

    private string NextError() => _errors.TryDequeue(out var error) ? error : NoError;

    private string? Set(string? parameter)
    {
        if (parameter is null) return Fail(MissingParameter);
        var number = parameter.TrimEnd('v', 'V', ' ');
        if (!double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var volts)) return Fail(DataTypeError);
        if (volts is not (>= 0 and <= MostVolts)) return Fail(DataOutOfRange);
        _volts = volts;
        return null;
    }

    // The last one in a full queue gives way to the word that more was lost.
    private string? Fail(string error)
    {
        if (_errors.Count < MostErrors - 1) _errors.Enqueue(error);
        else if (_errors.Count == MostErrors - 1) _errors.Enqueue(QueueOverflow);
        return null;
    }
}
