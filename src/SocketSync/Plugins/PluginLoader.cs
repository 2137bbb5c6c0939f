using System.Reflection;
using System.Reflection.Metadata;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>Loads the assemblies that <c>SocketSync:Plugins</c> names, and registers their processors.</summary>
internal static class PluginLoader
{
    private const string Key = $"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.Plugins)}";

    /// <param name="configuration">The host's whole configuration.</param>
    /// <param name="folder">The full path of the folder that contains the plugins, directly or in subfolders.</param>
    /// <param name="processors">
    /// The catalog that the plugins' processors are added to; a plugin with a problem adds none.
    /// </param>
    public static PluginResult Load(IConfiguration configuration, string folder, ProcessorCatalog processors)
    {
        var loaded = new List<Plugin>();
        var problems = new List<ConfigurationProblem>();
        foreach (var entry in configuration.GetSection(Key).GetChildren())
        {
            if (!new NotEmptyAttribute().IsValid(entry.Value)) continue; // Reported with the other problems.
            try
            {
                loaded.Add(LoadOne(entry.Path, entry.Value!, folder, processors, loaded));
            }
            catch (PluginException e)
            {
                problems.Add(new(entry.Path, entry.Value, e.Message));
            }
        }

        return new(loaded, problems);
    }

    private static Plugin LoadOne(string key, string path, string folder, ProcessorCatalog processors, List<Plugin> earlier)
    {
        var file = PluginFile.Find(path, folder);
        var references = PluginFile.ReferencesOf(file);
        var library = typeof(IRequestProcessor).Assembly.GetName();
        var builtAgainst = references.FirstOrDefault(r => r.Name == library.Name)?.Version;
        if (builtAgainst is not null && !IsCompatible(builtAgainst, library.Version!))
            throw new PluginException($"{BuiltAgainst(builtAgainst, library.Version!)}; build it against this one");

        var types = builtAgainst is null ? [] : ProcessorsOf(file, references, BuiltAgainst(builtAgainst, library.Version!));
        var usable = types.Where(t => t.IsVisible).ToList();
        if (usable.Count == 0)
            throw new PluginException($"has no processor: no public class in it implements {nameof(IRequestProcessor)}{Hidden(types)}");

        var names = usable.ConvertAll(t => t.Name);
        foreach (var name in names)
        {
            if (names.Count(n => n.Equals(name, StringComparison.OrdinalIgnoreCase)) > 1)
                throw new PluginException($"has more than one processor named {name}");
            if (processors.Names.Contains(name, StringComparer.OrdinalIgnoreCase))
                throw new PluginException($"has a processor named {name}, and so has {OwnerOf(name, earlier)}; rename the class");
        }

        foreach (var type in usable)
        {
            processors.Add(new ProcessorRegistration(type.Name, NeverBlocks: false, (services, _) => Create(services, type, key, path))
            {
                Lack = services => ProcessorRegistration.MissingService(services, type) is { } reason ? Problem(key, path, type, reason) : null,
            });
        }

        return new(path, usable[0].Assembly.GetName().Version, names);
    }

    // Semantic versioning: before 1.0 any minor version may break.
    private static bool IsCompatible(Version plugin, Version library) =>
        plugin.Major == library.Major && (library.Major == 0 ? plugin.Minor == library.Minor : plugin.Minor <= library.Minor);

    private static string BuiltAgainst(Version plugin, Version library) =>
        $"was built against SocketSync {plugin.ToString(2)}, this is {library.ToString(2)}";

    private static List<Type> ProcessorsOf(string file, IReadOnlyList<AssemblyName> references, string builtAgainst)
    {
        try
        {
            var context = new PluginLoadContext(file);
            var assembly = context.LoadFromAssemblyPath(file);
            // Load the references now, not when the first request needs a missing one.
            foreach (var reference in references) context.LoadFromAssemblyName(reference);
            return [.. assembly.GetTypes().Where(t =>
                t is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && t.IsAssignableTo(typeof(IRequestProcessor)))];
        }
        catch (FileNotFoundException e) when (AssemblyNameInfo.TryParse(e.FileName, out var missing))
        {
            throw new PluginException($"needs {missing.Name} {missing.Version}, which is neither beside it nor in the host");
        }
        catch (Exception e) when (e is ReflectionTypeLoadException or TypeLoadException or MissingMemberException)
        {
            var first = (e as ReflectionTypeLoadException)?.LoaderExceptions.FirstOrDefault() ?? e;
            throw new PluginException($"does not fit: it {builtAgainst}: {first.Message}");
        }
        catch (Exception e) when (e is BadImageFormatException or IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            throw new PluginException($"cannot be loaded: {e.Message}");
        }
    }

    private static string Hidden(List<Type> types) => types.Count switch
    {
        0 => "",
        1 => $" ({types[0].Name} is not public)",
        _ => $" ({string.Join(", ", types.Select(t => t.Name).Order(StringComparer.Ordinal))} are not public)",
    };

    private static string OwnerOf(string name, List<Plugin> earlier) =>
        earlier.Find(p => p.Processors.Contains(name, StringComparer.OrdinalIgnoreCase))?.Path ?? "the host itself";

    private static IRequestProcessor Create(IServiceProvider services, Type type, string key, string path)
    {
        try
        {
            return (IRequestProcessor)ActivatorUtilities.CreateInstance(services, type);
        }
        catch (Exception e)
        {
            var cause = e is TargetInvocationException { InnerException: { } inner } ? inner : e;
            throw new SocketSyncStartupException([Problem(key, path, type, $"{cause.GetType().Name}: {cause.Message}")]);
        }
    }

    private static string Problem(string key, string path, Type processor, string reason) =>
        new ConfigurationProblem(key, path, $"processor {processor.Name} cannot be created: {reason}").ToString();
}

/// <summary>An assembly that was loaded for its processors.</summary>
/// <param name="Path">The path in <c>SocketSync:Plugins</c>.</param>
/// <param name="Version">The assembly's version.</param>
/// <param name="Processors">The names of its processors, which are their class names.</param>
internal sealed record Plugin(string Path, Version? Version, IReadOnlyList<string> Processors)
{
    public override string ToString() => $"plugin {Path}: version {Version}, processors {string.Join(", ", Processors)}";
}

/// <summary>The result of loading the plugins.</summary>
/// <param name="Loaded">The usable plugins; their processors are in the catalog.</param>
/// <param name="Problems">One problem for each plugin that cannot be used.</param>
internal sealed record PluginResult(IReadOnlyList<Plugin> Loaded, IReadOnlyList<ConfigurationProblem> Problems)
{
    public static readonly PluginResult None = new([], []);
}

/// <summary>Thrown when a plugin cannot be used.</summary>
/// <param name="reason">The reason, as a phrase that ends a sentence.</param>
internal sealed class PluginException(string reason) : Exception(reason);
