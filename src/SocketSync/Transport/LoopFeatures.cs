using System.Collections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace SocketSync;

/// <summary>The features of a connection: few, so that a list takes less memory than a dictionary, and is faster.</summary>
internal sealed class LoopFeatures(LoopConnection connection) : IFeatureCollection
{
    private KeyValuePair<Type, object>[] _others = [];
    private int _count;

    public bool IsReadOnly => false;

    public int Revision { get; private set; }

    public object? this[Type key]
    {
        get => Find(key) is var index and >= 0 ? _others[index].Value : key.IsInstanceOfType(connection) && IsOwn(key) ? connection : null;
        set => Set(key, value);
    }

    public TFeature? Get<TFeature>() => (TFeature?)this[typeof(TFeature)];

    public void Set<TFeature>(TFeature? instance) => this[typeof(TFeature)] = instance;

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator()
    {
        for (var i = 0; i < _count; i++)
            yield return _others[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static bool IsOwn(Type key) => key == typeof(IConnectionIdFeature) || key == typeof(IConnectionItemsFeature)
        || key == typeof(IConnectionTransportFeature) || key == typeof(IConnectionLifetimeFeature)
        || key == typeof(IConnectionEndPointFeature) || key == typeof(IConnectionSocketFeature);

    private int Find(Type key)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_others[i].Key == key)
                return i;
        }

        return -1;
    }

    private void Set(Type key, object? value)
    {
        Revision++;
        var index = Find(key);
        if (value is null)
        {
            if (index < 0)
                return;
            _others[index] = _others[--_count];
            _others[_count] = default;
            return;
        }

        if (index < 0)
        {
            if (_count == _others.Length)
                Array.Resize(ref _others, Math.Max(8, _count * 2));
            index = _count++;
        }

        _others[index] = new(key, value);
    }
}
