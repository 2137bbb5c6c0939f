using System.CommandLine;
using System.Globalization;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary><c>check</c>: validates the configuration, prints what would run, and warns of what is surely not meant.</summary>
internal static class CheckCommand
{
    private static readonly Option<bool> ProbeOption = new("--probe")
    {
        Description = "Also open each link once, with the pauses that its device is given, and say what came of it. Nothing is written to a device; "
            + "one that takes a single connection refuses it while a server uses it",
    };

    public static Command Build(Func<ParseResult, ServerArguments> arguments)
    {
        var command = new Command("check", """
            Validate the configuration, print what would run and every value that is not the default, and warn of what is surely not meant; exit code 0 or 2, with --probe also 1

            Examples:
              check --config plant.json
              check --config plant.json --probe
            """)
        {
            ProbeOption,
        };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancellationToken) => RunAsync(arguments(parsed), parsed.GetValue(ProbeOption), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ServerArguments arguments, bool isProbe, CancellationToken cancellationToken)
    {
        using var configuration = ServerConfiguration.Load(arguments);
        var processors = new ProcessorCatalog();
        var plugins = ServerConfiguration.LoadPlugins(configuration, arguments, processors);
        var host = HostConfiguration.Read(configuration, processors.Names, plugins.Problems);
        ServerLogging.Check(configuration);
        if (HttpCheck.Problems(configuration, host.Http) is { Count: > 0 } problems) return ServerExit.Invalid(problems);
        var addresses = AddressCheck.Find(host, message => StartFailure.Line(message, host.Http));
        if (addresses.Problems.Count > 0) return ServerExit.Invalid(addresses.Problems);
        if (plugins.Loaded.Count > 0 && Lacks(arguments, host, processors) is { Count: > 0 } lacks) return ServerExit.Invalid(lacks);

        Console.Out.WriteLine($"{ServerConfiguration.NameOf(arguments)} is valid. It would run:");
        foreach (var line in plugins.Loaded.Select(p => p.ToString()).Concat(Describe(host)).Concat(Values(configuration, host)).Concat(Warnings(host, addresses.Busy)))
            Console.Out.WriteLine(line);
        return !isProbe || await new LinkProbe(TimeProvider.System, MakeLink).RunAsync(host.Options, Console.Out.WriteLine, cancellationToken) ? ServerExit.Ok : ServerExit.Failed;
    }

    private static ILink MakeLink(ResourceOptions resource)
    {
        var framesEndBySilence = (resource.Link!.Protocol ?? resource.Protocol).Definition is { FramesEndBySilence: true };
        return LinkFactory.Create(resource.Link, framesEndBySilence, NullLoggerFactory.Instance, TimeProvider.System);
    }

    /// <summary>
    /// Tells of processors that ask for what the server has not, in their order. None is created: its constructor may use the device.
    /// </summary>
    private static List<string> Lacks(ServerArguments arguments, HostConfiguration host, ProcessorCatalog processors)
    {
        var builder = RunCommand.CreateBuilder(arguments, environment: null);
        RunCommand.AddServices(builder, Serilog.Core.Logger.None, processors);
        using var app = builder.Build();
        var services = app.Services.GetRequiredService<IServiceProviderIsService>();
        // The start ends with the first.
        return [.. host.Options.Resources.Values.Select(resource => processors[resource.Processor].Lack(services)).OfType<string>().Take(1)];
    }

    /// <summary>Describes what would run, one line for each part.</summary>
    public static IEnumerable<string> Describe(HostConfiguration host) =>
        host.Options.Listeners.Select(l => Line(l.Key, l.Value))
            .Concat(host.Options.Resources.SelectMany(r => AccessTable.Describe(r.Key, r.Value.Access).Prepend(Line(r.Key, r.Value))))
            .Concat(host.Http.Select(e => $"http endpoint {e.Url}"));

    private static IEnumerable<string> Values(IConfigurationRoot configuration, HostConfiguration host)
    {
        var values = EffectiveValues.Of(configuration, host);
        return values.Select(value => $"  {value}").Prepend(values.Count == 0 ? "every value is the default" : "values that are not the default, and where they come from:");
    }

    private static IEnumerable<string> Warnings(HostConfiguration host, IEnumerable<string> busy) =>
        AccessTable.Warnings(host.Options).Concat(ConfigurationWarnings.Of(host.Options)).Concat(busy.Select(place => $"warning: {place}"));

    private static string Line(string name, ListenerOptions listener) =>
        $"listener {name}: {Place(listener)}, {Resources(listener)}, protocol {listener.Protocol!.Name}, priority {listener.Priority}, {Tls(listener.Tls)}{Proxies(listener)}";

    private static string Line(string name, ResourceOptions resource) =>
        $"resource {name}: processor {resource.Processor}, protocol {resource.Protocol.Name} up to {resource.Protocol.MaxRequestBytes} bytes, {Gate(resource.TurnsOf())}{Link(resource)}{Cache(resource.Cache)}";

    private static string Link(ResourceOptions resource)
    {
        if (resource.Link is not { } link) return "";
        var device = LinkFactory.Create(link, framesEndBySilence: false, NullLoggerFactory.Instance, TimeProvider.System).Description;
        return $", link {device} ({(link.Protocol ?? resource.Protocol).Name}), reply {link.ReplyTimeout}{Line(link)}";
    }

    private static string Line(LinkOptions link) =>
        (link.ReadRetries > 0 ? string.Create(CultureInfo.InvariantCulture, $", reads asked again {link.ReadRetries} times") : "")
        + (link.LocalEcho ? ", echo taken away" : "")
        + (link.Rs485 is null ? "" : ", direction switched by the driver");

    private static string Cache(CacheOptions cache) =>
        cache.MaxAge == TimeSpan.Zero ? ""
        : $", reads answered by replies up to {cache.MaxAge} old{(cache.StaleFor == TimeSpan.Zero ? "" : $", {cache.StaleFor} more while the device is away")}";

    private static string Place(ListenerOptions listener) =>
        listener.UnixSocket is { } path ? $"unix {(listener.Transport == SocketTransport.Datagram ? "datagram " : "")}socket {path}"
        : $"{(listener.Transport == SocketTransport.Datagram ? "UDP " : "")}address {listener.Address}, port {(listener.Port == 0 ? "any free one" : listener.Port)}";

    private static string Resources(ListenerOptions listener) =>
        listener.Routes.Count == 0 ? $"resource {listener.Resource}"
        : $"units {string.Join(", ", listener.Routes.Select(route => $"{route.Units} to resource {route.Resource}"))}, no others";

    private static string Proxies(ListenerOptions listener) =>
        listener.ProxyProtocol ? $", PROXY header from {string.Join(", ", listener.TrustedProxies)}" : "";

    private static string Tls(TlsOptions? tls) => tls switch
    {
        null => "no TLS",
        { ClientCertificate: ClientCertificate.Require } => "TLS with client certificates",
        _ => "TLS",
    };

    private static string Gate(GateOptions gate)
    {
        var hold = gate.Hold switch
        {
            Hold.Quiet => $"until quiet for {gate.QuietTime}, at most {gate.MaxHold}",
            Hold.Connection => $"until the client leaves, at most {gate.MaxHold}",
            _ => "for one request",
        };
        return $"gate held {hold}, queue {gate.MaxQueue}, wait {gate.WaitTimeout}, turn {gate.TurnTimeout}";
    }
}

/// <summary>
/// Finds the problems in section Kestrel, and with HTTPS addresses, that would keep the server from starting. Kestrel itself
/// loads its section and its certificates, without binding an address.
/// </summary>
internal static class HttpCheck
{
    /// <returns>One line for each problem.</returns>
    public static IReadOnlyList<string> Problems(IConfiguration configuration, IReadOnlyList<HttpEndPoint> http)
    {
        try
        {
            var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory });
            builder.WebHost.UseKestrel(kestrel =>
            {
                kestrel.Configure(configuration.GetSection("Kestrel"), reloadOnChange: false).Load();
                foreach (var endPoint in http.Where(e => e.IsHttps && !HttpEndPoints.IsKestrels(e)))
                    kestrel.ListenAnyIP(0, listen => KestrelSetup.UseHttps(listen, endPoint));
            });
            using var app = builder.Build();
            _ = app.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value;
            return [];
        }
        catch (Exception e) when (StartFailure.Describe(e, http) is { } problems)
        {
            return problems;
        }
    }
}
