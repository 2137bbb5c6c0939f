using System.CommandLine.Parsing;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SocketSync;

/// <summary>One relay, as the command line describes it: the configuration that says the same.</summary>
internal static class RelayPlan
{
    /// <summary>The name of its listener and of its resource.</summary>
    public const string Name = "Relay";

    public const string ListenForms = "must be a port, ADDRESS:PORT such as *:1502 or [::1]:1502, or unix:PATH";

    public const string TargetForms =
        "must be HOST:PORT, also after tcp:, tls: or udp:, serial:DEVICE or process:COMMAND; keys of the link follow a question mark, as in serial:/dev/ttyUSB0?BaudRate=19200&Protocol=ModbusRtu";

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>Builds the configuration.</summary>
    /// <param name="listen">Where clients connect.</param>
    /// <param name="target">Where the device is.</param>
    /// <param name="protocol">What the clients speak; <see langword="null"/> if it is not given.</param>
    /// <param name="keys">Keys of the configuration that are given beside; they override the rest.</param>
    /// <param name="problems">Gets one line for each mistake. What the configuration's own rules find is not looked for here.</param>
    /// <returns>A file's text.</returns>
    public static string Write(string listen, string target, string? protocol, IReadOnlyDictionary<string, string?> keys, ICollection<string> problems)
    {
        var link = Link(target, problems);
        var root = new JsonObject
        {
            ["SocketSync"] = new JsonObject
            {
                ["Listeners"] = new JsonObject { [Name] = Listener(listen, problems) },
                ["Resources"] = new JsonObject
                {
                    [Name] = new JsonObject
                    {
                        ["Processor"] = "Relay",
                        ["Protocol"] = new JsonObject { ["Name"] = protocol ?? ProtocolFor(link) },
                        ["Link"] = link,
                    },
                },
            },
        };
        foreach (var (key, value) in keys) Set(root, key.Split(':'), value);
        return root.ToJsonString(s_indented);
    }

    private static JsonObject Listener(string listen, ICollection<string> problems)
    {
        if (listen.StartsWith("unix:", StringComparison.Ordinal) && listen.Length > 5) return new() { ["UnixSocket"] = listen[5..] };
        var (address, port) = listen.LastIndexOf(':') is >= 0 and var colon ? (listen[..colon].Trim('[', ']'), listen[(colon + 1)..]) : (null, listen);
        if (!TryParsePort(port, least: 0, out var number) || address is "")
        {
            problems.Add($"--listen: '{listen}': {ListenForms}");
            return [];
        }

        return address is null ? new() { ["Port"] = number } : new() { ["Address"] = address, ["Port"] = number };
    }

    private static JsonObject Link(string target, ICollection<string> problems)
    {
        if (After(target, "process:") is { } command)
            return CommandLineParser.SplitCommandLine(command).ToArray() is [{ Length: > 0 } program, .. var arguments]
                ? new() { ["Process"] = new JsonObject { ["FileName"] = program, ["Arguments"] = new JsonArray([.. arguments.Select(argument => JsonValue.Create(argument))]) } }
                : Wrong();

        var (place, query) = target.Split('?', 2) is [var before, var after] ? (before, after) : (target, "");
        var (kind, options) =
            After(place, "serial:") is { } device ? ("Serial", new JsonObject { ["Device"] = device })
            : After(place, "udp:") is { } udp ? ("Udp", EndPoint(udp))
            : After(place, "tls:") is { } tls ? ("Tcp", EndPoint(tls) is { } secured ? With(secured, "Tls", true) : null)
            : ("Tcp", EndPoint(After(place, "tcp:") ?? place));
        if (options is null || options["Device"]?.GetValue<string>() is "") return Wrong();
        var link = new JsonObject { [kind] = options };
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (pair.Split('=', 2) is not [var key, var value] || key.Length == 0) return Wrong();
            if (key.Equals(nameof(LinkOptions.Protocol), StringComparison.OrdinalIgnoreCase)) link["Protocol"] = new JsonObject { ["Name"] = value };
            // A key that is neither the link's nor its kind's is found by the configuration's rules, which name the nearest known one.
            else (IsOfEveryLink(key) ? link : options)[key] = Value(value);
        }

        return link;

        JsonObject Wrong()
        {
            problems.Add($"--to: '{target}': {TargetForms}");
            return [];
        }
    }

    private static JsonObject? EndPoint(string place) =>
        place.LastIndexOf(':') is > 0 and var colon && TryParsePort(place[(colon + 1)..], least: 1, out var port)
            ? new() { ["Host"] = place[..colon].Trim('[', ']'), ["Port"] = port }
            : null;

    // A device that speaks another framing of Modbus is there for clients that speak Modbus TCP.
    private static string ProtocolFor(JsonObject link) =>
        link["Protocol"]?["Name"]?.GetValue<string>() is { } device
            ? ProtocolCatalog.Find(device) is { HasUnits: true } ? ModbusTcp.Definition.Name : device
            : RawProtocol.Definition.Name;

    private static bool IsOfEveryLink(string key) =>
        typeof(LinkOptions).GetProperty(key, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase) is not null;

    private static void Set(JsonObject root, string[] path, string? value)
    {
        var place = root;
        foreach (var name in path[..^1])
        {
            if (Find(place, name) is not JsonObject inner) place[name] = inner = [];
            place = inner;
        }

        if (place.FirstOrDefault(pair => pair.Key.Equals(path[^1], StringComparison.OrdinalIgnoreCase)).Key is { } same) place.Remove(same);
        place[path[^1]] = value is null ? null : Value(value);
    }

    private static JsonNode? Find(JsonObject place, string name) =>
        place.FirstOrDefault(pair => pair.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static JsonObject With(JsonObject options, string key, JsonNode value)
    {
        options[key] = value;
        return options;
    }

    private static JsonNode Value(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : bool.TryParse(text, out var isTrue) ? isTrue
        : text;

    private static string? After(string text, string prefix) =>
        text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? text[prefix.Length..] : null;

    private static bool TryParsePort(string text, int least, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port >= least && port <= 65535;
}
