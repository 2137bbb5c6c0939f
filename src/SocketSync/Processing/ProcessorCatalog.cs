namespace SocketSync;

/// <summary>The processors that a resource can name.</summary>
internal sealed class ProcessorCatalog
{
    private readonly Dictionary<string, ProcessorRegistration> _byName = new(StringComparer.OrdinalIgnoreCase);

    public ProcessorCatalog() =>
        Add(new ProcessorRegistration("Echo", NeverBlocks: true, AnswersAtOnce: true, static _ => new EchoProcessor()));

    public IReadOnlyCollection<string> Names => _byName.Keys;

    public ProcessorRegistration this[string name] => _byName[name];

    public void Add(ProcessorRegistration registration)
    {
        if (!_byName.TryAdd(registration.Name, registration))
            throw new ArgumentException($"There is a processor named '{registration.Name}' already.", nameof(registration));
    }
}
