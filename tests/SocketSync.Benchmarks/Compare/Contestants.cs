using System.Globalization;

namespace SocketSync.Benchmarks;

/// <summary>Who is compared.</summary>
internal static class Contestants
{
    /// <summary>Those that echo lines.</summary>
    public static IReadOnlyList<Contestant> Echo { get; } =
    [
        new(Contestant.Own, "this server as shipped, metrics and logging on, but for the port and `Protocol: Line`", null,
            static (_, port) => Workplace.Server(port)),
        new("Kestrel", "a connection handler on Kestrel as it comes, **not** gated: requests of different clients overlap", null,
            static (_, port) => Workplace.Self("peer", "kestrel-echo", "--port", Text(port))),
        new("C", "one thread of C over `epoll`, one `recv` and one `send` a batch (`Peers/epoll.c`): what is possible", "gcc",
            static (place, port) => Workplace.Program(place.BuildC("epoll.c"), Text(port))),
        new("Go", "a goroutine per client, a mutex around each request (`Peers/mutex.go`)", "go",
            static (place, port) => Workplace.Program(place.BuildGo("mutex.go"), $"127.0.0.1:{Text(port)}")),
        new("Node", "one thread (`Peers/echo.js`)", "node",
            static (_, port) => Workplace.Program("node", Workplace.Source("echo.js"), "127.0.0.1", Text(port))),
        new("Python", "a thread per client, a lock around each request (`Peers/threads.py`)", "python3",
            static (_, port) => Workplace.Program("python3", Workplace.Source("threads.py"), "127.0.0.1", Text(port))),
        new("Redis", "`redis-server` without persistence, its `ECHO` command", "redis-server",
            static (place, port) => Workplace.Program("redis-server", "--port", Text(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", place.Folder))
        {
            Protocol = "Resp",
        },
    ];

    /// <summary>The ways to a device.</summary>
    /// <param name="device">Its port.</param>
    /// <param name="protocol">What it speaks; the program in C knows lines only.</param>
    public static IEnumerable<Contestant> Relay(int device, string protocol) =>
        Relay(device).Select(way => way.Name != Contestant.Own ? way : way with
        {
            Command = (place, port) =>
            {
                var start = way.Command(place, port);
                start.ArgumentList.Add($"--SocketSync:Resources:Default:Protocol:Name={protocol}");
                return start;
            },
        }).Where(way => protocol == "Line" || way.Name != "C");

    /// <summary>The ways to a device that speaks lines.</summary>
    /// <param name="device">Its port.</param>
    public static IReadOnlyList<Contestant> Relay(int device) =>
    [
        new(Contestant.Own, "clients through a `Relay`, connections kept", null,
            (_, port) => Workplace.Server(port, "--SocketSync:Resources:Default:Processor=Relay",
                "--SocketSync:Resources:Default:Link:Tcp:Host=127.0.0.1", $"--SocketSync:Resources:Default:Link:Tcp:Port={Text(device)}")),
        new("C", "clients through one thread of C over `epoll`, connections kept (`Peers/relay.c`): what is possible", "gcc",
            (place, port) => Workplace.Program(place.BuildC("relay.c"), Text(port), "1", Text(device))),
        new("HAProxy", "clients through `mode tcp` with `maxconn 1`; a connection keeps the one place for as long as it lives, so each request has its own", "haproxy",
            (place, port) => Workplace.Program("haproxy", "-db", "-f", place.Write("haproxy.cfg", HaproxyConfiguration(port, device))))
        {
            Reconnect = true,
        },
        new("ser2net", "clients through one of its connections, from TCP to TCP; it serves one client, whoever asks", "ser2net",
            (place, port) => Workplace.Program("ser2net", "-n", "-u", "-c", place.Write("ser2net.yaml", Ser2netConfiguration(port, device)))),
    ];

    /// <summary>One client that has the device to itself.</summary>
    public const string Direct = "direct";

    private static string HaproxyConfiguration(int port, int device) => $"""
        defaults
            mode tcp
            timeout connect 5s
            timeout client 30s
            timeout server 30s
            timeout queue 30s
        listen relay
            bind 127.0.0.1:{Text(port)}
            server device 127.0.0.1:{Text(device)} maxconn 1

        """;

    private static string Ser2netConfiguration(int port, int device) => $"""
        %YAML 1.1
        ---
        connection: &relay
          accepter: tcp(nodelay),127.0.0.1,{Text(port)}
          connector: tcp(nodelay),127.0.0.1,{Text(device)}

        """;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
