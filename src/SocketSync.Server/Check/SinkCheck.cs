using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using Serilog;
using Serilog.Configuration;
using Serilog.Debugging;

namespace SocketSync;

/// <summary>
/// Checks the sinks of section Serilog without making them, which would open files and connections: that each exists, and takes the
/// arguments that are given. What is wrong is told as Serilog's own reader tells it at the start.
/// </summary>
internal static class SinkCheck
{
    private const string Section = "Serilog";

    /// <summary>Methods of Serilog's own reader, which no assembly has.</summary>
    private static readonly string[] ReadersOwn = ["Logger", "Sink"];

    /// <summary>Tells Serilog's <see cref="SelfLog"/> of sinks that do not exist.</summary>
    /// <exception cref="InvalidOperationException">A sink has no name.</exception>
    /// <exception cref="ArgumentException">An argument is not one of the names that it may be.</exception>
    /// <exception cref="FormatException">An argument is no number.</exception>
    public static void Run(IConfiguration configuration)
    {
        var sinks = configuration.GetSection($"{Section}:WriteTo").GetChildren().ToList();
        if (sinks.Count == 0) return;
        var methods = Methods(configuration);
        foreach (var sink in sinks) Check(sink, methods);
    }

    private static void Check(IConfigurationSection sink, ILookup<string, MethodInfo> methods)
    {
        var name = sink.Value ?? sink["Name"] ?? throw new InvalidOperationException($"The configuration value in {sink.Path}:Name has no 'Name' element.");
        if (ReadersOwn.Contains(name, StringComparer.Ordinal)) return;
        var arguments = sink.GetSection("Args").GetChildren().ToDictionary(argument => argument.Key, StringComparer.OrdinalIgnoreCase);
        var method = methods[name]
            .Where(method => method.GetParameters().Skip(1).All(parameter => MayBeLeftOut(parameter) || arguments.ContainsKey(parameter.Name!)))
            .MaxBy(method => method.GetParameters().Count(parameter => arguments.ContainsKey(parameter.Name!)));
        if (method is null)
        {
            SelfLog.WriteLine(!methods.Contains(name) ? $"Unable to find a method called {name}."
                : arguments.Count == 0 ? $"Unable to find a method called {name} with no supplied arguments."
                : $"Unable to find a method called {name} for supplied arguments: {string.Join(", ", arguments.Keys)}.");
            return;
        }

        foreach (var parameter in method.GetParameters().Skip(1))
        {
            if (arguments.GetValueOrDefault(parameter.Name!)?.Value is { } value) Convert(value, parameter.ParameterType);
        }

        // One that rolls opens its file with the first event.
        if (method.DeclaringType == typeof(FileLoggerConfigurationExtensions) && arguments.GetValueOrDefault("path")?.Value is { } path
            && arguments.GetValueOrDefault("rollingInterval")?.Value is null or nameof(RollingInterval.Infinite))
            CheckFile(Environment.ExpandEnvironmentVariables(path));
    }

    /// <summary>Opens the file as the sink does, but only where it is there, or where something else is that is no folder.</summary>
    private static void CheckFile(string path)
    {
        try
        {
            if (Path.Exists(path)) new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite).Dispose();
            else if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && Ancestors(folder).FirstOrDefault(Path.Exists) is { } above && !Directory.Exists(above))
                Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            SelfLog.WriteLine("System.RuntimeType: unable to open file sink for {0} (Final, unspecified events)\n{1}", path, e);
        }
    }

    private static IEnumerable<string> Ancestors(string folder)
    {
        for (var each = folder; each is not null; each = Path.GetDirectoryName(each)) yield return each;
    }

    // Types that are not told apart here are left to the sink.
    private static void Convert(string value, Type type)
    {
        var text = Environment.ExpandEnvironmentVariables(value);
        var bare = Nullable.GetUnderlyingType(type);
        if (bare is not null && text.Length == 0) return;
        bare ??= type;
        if (bare.IsEnum) _ = Enum.Parse(bare, text);
        else if (bare.IsPrimitive) _ = System.Convert.ChangeType(text, bare, CultureInfo.InvariantCulture);
    }

    private static bool MayBeLeftOut(ParameterInfo parameter) =>
        parameter.HasDefaultValue || parameter.ParameterType == typeof(IConfiguration) || parameter.ParameterType == typeof(IConfigurationSection);

    private static ILookup<string, MethodInfo> Methods(IConfiguration configuration) =>
        (from assembly in SinkAssemblies.Of(configuration)
         from type in assembly.ExportedTypes
         where type is { IsSealed: true, IsAbstract: true, IsNested: false }
         from method in type.GetMethods(BindingFlags.Public | BindingFlags.Static)
         where method.IsDefined(typeof(ExtensionAttribute), inherit: false) && method.GetParameters()[0].ParameterType == typeof(LoggerSinkConfiguration)
         select method).ToLookup(method => method.Name, StringComparer.Ordinal);
}
