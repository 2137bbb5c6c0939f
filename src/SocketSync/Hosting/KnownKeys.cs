using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Reflection;

namespace SocketSync;

/// <summary>The keys that a section may hold, and which of them somebody probably meant.</summary>
internal static class KnownKeys
{
    // Every resource is of the same types, and asking for attributes is slow.
    private static readonly ConcurrentDictionary<Type, Dictionary<string, KnownKey>> ByType = new();

    public static Dictionary<string, KnownKey> Of(Type options) => ByType.GetOrAdd(options, static type =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .ToDictionary(p => p.Name, p => new KnownKey(p), StringComparer.OrdinalIgnoreCase));

    /// <summary>The known word nearest to <paramref name="word"/>, or <see langword="null"/> where none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        var allowed = word.Length <= 3 ? 1 : Math.Max(2, word.Length / 3);
        return known
            .Select(k => (Word: k, Distance: Distance(word.ToUpperInvariant(), k.ToUpperInvariant())))
            .Where(k => k.Distance <= allowed)
            .OrderBy(k => k.Distance)
            .Select(k => k.Word)
            .FirstOrDefault();
    }

    /// <summary>What to do about a word that is none of <paramref name="known"/>.</summary>
    public static string Suggest(string word, IReadOnlyCollection<string> known, string prefix = "") =>
        Nearest(word, known) is { } near
            ? $"did you mean {prefix}{near}?"
            : $"known are {string.Join(", ", known)}";

    // Edits are insertions, deletions, substitutions, and two neighbours swapped, the commonest slip of all.
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) d[0, j] = j;

        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var substitution = d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                d[i, j] = Math.Min(substitution, Math.Min(d[i - 1, j], d[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }

        return d[a.Length, b.Length];
    }
}

/// <summary>One of them: the property that it is bound to, and what that says of it.</summary>
internal sealed class KnownKey(PropertyInfo property)
{
    public PropertyInfo Property { get; } = property;

    public string Name => Property.Name;

    public Type Type => Property.PropertyType;

    public IReadOnlyList<ValidationAttribute> Rules { get; } = [.. property.GetCustomAttributes<ValidationAttribute>()];

    public bool IsSecret { get; } = property.IsDefined(typeof(SecretAttribute));

    /// <summary>Whether it may be left out, and has no value then.</summary>
    public bool IsOptional { get; } = new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
}
