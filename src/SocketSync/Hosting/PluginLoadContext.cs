using System.Reflection;
using System.Runtime.Loader;

namespace SocketSync;

/// <summary>
/// Where one plugin's assemblies live. What it speaks with the host by is the host's own: SocketSync, Microsoft.Extensions and
/// the frameworks. Anything else it brings in the version that it was built with, whatever others have.
/// </summary>
internal sealed class PluginLoadContext : AssemblyLoadContext
{
    // Where the same name stands there twice, the first is the one that the runtime takes.
    private static readonly Dictionary<string, string> HostAssemblies =
        ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .DistinctBy(path => Path.GetFileNameWithoutExtension(path), StringComparer.OrdinalIgnoreCase)
            .ToDictionary(path => Path.GetFileNameWithoutExtension(path), path => path, StringComparer.OrdinalIgnoreCase);

    private readonly AssemblyDependencyResolver _resolver;

    public PluginLoadContext(string file)
        : base(file) => _resolver = new AssemblyDependencyResolver(file);

    protected override Assembly? Load(AssemblyName assemblyName) =>
        !IsShared(assemblyName.Name!) && _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;

    private static bool IsShared(string name) =>
        HostAssemblies.TryGetValue(name, out var path)
        && (name == typeof(IRequestProcessor).Assembly.GetName().Name
            || name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal)
            || IsOfFramework(path));

    // The host's own packages lie beside its program.
    private static bool IsOfFramework(string path) =>
        Path.GetDirectoryName(path) != Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
}
