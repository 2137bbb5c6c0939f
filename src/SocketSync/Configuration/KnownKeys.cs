using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace SocketSync;

/// <summary>The keys that a section may contain, and suggestions for misspelled ones.</summary>
internal static class KnownKeys
{
    // Cached: all resources have the same types, and reading attributes is slow.
    private static readonly ConcurrentDictionary<Type, Dictionary<string, KnownKey>> ByType = new();

    public static Dictionary<string, KnownKey> Of(Type options) => ByType.GetOrAdd(options, static type =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .ToDictionary(p => p.Name, p => new KnownKey(p), StringComparer.OrdinalIgnoreCase));

    /// <summary>
    /// Returns the known word most similar to <paramref name="word"/>, or <see langword="null"/> if none is similar.
    /// </summary>
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

    /// <summary>Returns a hint for a word that is not in <paramref name="known"/>.</summary>
    public static string Suggest(string word, IReadOnlyCollection<string> known, string prefix = "") =>
        Nearest(word, known) is { } near
            ? $"did you mean {prefix}{near}?"
            : $"known are {string.Join(", ", known)}";

    // Edit distance; edits are insertions, deletions, substitutions and swaps of neighbours, the most common typo.
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

/// <summary>A known key: the property that it is bound to, and that property's attributes.</summary>
internal sealed class KnownKey(PropertyInfo property)
{
    public PropertyInfo Property { get; } = property;

    public string Name => Property.Name;

    public Type Type => Property.PropertyType;

    public IReadOnlyList<ValidationAttribute> Rules { get; } = [.. property.GetCustomAttributes<ValidationAttribute>()];

    public bool IsSecret { get; } = property.IsDefined(typeof(SecretAttribute));

    /// <summary>The options of each entry, if a property of this type is a list of sections; otherwise <see langword="null"/>.</summary>
    public static Type? SectionListed(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) && !ConfigurationValue.IsScalar(type.GenericTypeArguments[0])
            ? type.GenericTypeArguments[0]
            : null;

    /// <summary>Whether the key may be omitted, which leaves the property null.</summary>
    public bool IsOptional { get; } = new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable;
}

/// <summary>Parses, formats and validates single configuration values.</summary>
internal static class ConfigurationValue
{
    public static bool IsScalar(Type type)
    {
        var bare = Nullable.GetUnderlyingType(type) ?? type;
        return bare.IsEnum || bare == typeof(string) || bare == typeof(bool) || bare == typeof(int) || bare == typeof(long) || bare == typeof(TimeSpan);
    }

    /// <summary>
    /// Parses a value more strictly than .NET's converters, which accept "0x1F" as a number and "1" as an enum name.
    /// </summary>
    public static bool TryParse(string text, Type type, out object value)
    {
        value = text;
        if (type == typeof(string)) return true;
        if (type.IsEnum)
            return IsName(text, type) && Enum.TryParse(type, text, ignoreCase: true, out var name) && Is(name!, out value);
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && Is(number, out value);
        if (type == typeof(long))
            return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var large) && Is(large, out value);
        return type == typeof(bool)
            ? bool.TryParse(text, out var flag) && Is(flag, out value)
            : DurationAttribute.TryParse(text.Trim(), out var time) && Is(time, out value);
    }

    /// <summary>Formats a value so that .NET's binder parses it back.</summary>
    public static string Format(object value) => value switch
    {
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>Returns the error message if the value violates the rule, otherwise <see langword="null"/>.</summary>
    public static string? Broken(ValidationAttribute rule, object value) =>
        rule.GetValidationResult(value, new ValidationContext(value)) is { } broken ? Words(rule) ?? broken.ErrorMessage : null;

    /// <summary>Returns the error message for <paramref name="text"/> that cannot be parsed as its type.</summary>
    public static string Allowed(string text, Type type, IReadOnlyCollection<ValidationAttribute> rules)
    {
        if (type.IsEnum) return OneOf(text, Enum.GetNames(type));
        if (type == typeof(bool)) return "must be true or false";
        var words = rules.Select(Words).FirstOrDefault(w => w is not null) ?? (type == typeof(int) || type == typeof(long) ? "must be a whole number" : "must be a text");
        var looksLikeDays = type == typeof(TimeSpan) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        return looksLikeDays ? $"{words}; a bare number would be days" : words;
    }

    /// <summary>Returns the error message for a name that is not in <paramref name="names"/>.</summary>
    public static string OneOf(string text, IReadOnlyCollection<string> names)
    {
        if (names.Count == 1) return $"must be {names.First()}";
        var allowed = $"must be one of {string.Join(", ", names)}";
        return KnownKeys.Nearest(text, names) is { } near ? $"{allowed}; did you mean {near}?" : allowed;
    }

    private static string? Words(ValidationAttribute rule) => rule switch
    {
        RangeAttribute { Maximum: int.MaxValue } r => $"must be a whole number of at least {r.Minimum}",
        RangeAttribute r => $"must be a whole number from {r.Minimum} to {r.Maximum}",
        AllowedValuesAttribute a => $"must be one of {string.Join(", ", a.Values)}",
        NetworkAttribute => null, // It has its own message for each invalid network.
        _ => rule.FormatErrorMessage(""),
    };

    private static bool IsName(string text, Type type) => Enum.GetNames(type).Contains(text, StringComparer.OrdinalIgnoreCase);

    private static bool Is(object parsed, out object value)
    {
        value = parsed;
        return true;
    }
}
