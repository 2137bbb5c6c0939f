using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
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

/// <summary>How one value is written, and what may stand there.</summary>
internal static class ConfigurationValue
{
    public static bool IsScalar(Type type)
    {
        var bare = Nullable.GetUnderlyingType(type) ?? type;
        return bare.IsEnum || bare == typeof(string) || bare == typeof(bool) || bare == typeof(int) || bare == typeof(TimeSpan);
    }

    /// <summary>Reads a value more narrowly than .NET's converters, which take "0x1F" for a number and "1" for a name too.</summary>
    public static bool TryParse(string text, Type type, out object value)
    {
        value = text;
        if (type == typeof(string)) return true;
        if (type.IsEnum)
            return IsName(text, type) && Enum.TryParse(type, text, ignoreCase: true, out var name) && Is(name!, out value);
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && Is(number, out value);
        return type == typeof(bool)
            ? bool.TryParse(text, out var flag) && Is(flag, out value)
            : DurationAttribute.TryParse(text.Trim(), out var time) && Is(time, out value);
    }

    /// <summary>A value as .NET's binder reads it back.</summary>
    public static string Format(object value) => value switch
    {
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>What to say of a value that breaks the rule, or <see langword="null"/> where it does not.</summary>
    public static string? Broken(ValidationAttribute rule, object value) =>
        rule.GetValidationResult(value, new ValidationContext(value)) is { } broken ? Words(rule) ?? broken.ErrorMessage : null;

    /// <summary>What to say in place of <paramref name="text"/>, which is no value of its type.</summary>
    public static string Allowed(string text, Type type, IReadOnlyCollection<ValidationAttribute> rules)
    {
        if (type.IsEnum) return OneOf(text, Enum.GetNames(type));
        if (type == typeof(bool)) return "must be true or false";
        var words = rules.Select(Words).FirstOrDefault(w => w is not null) ?? (type == typeof(int) ? "must be a whole number" : "must be a text");
        var looksLikeDays = type == typeof(TimeSpan) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        return looksLikeDays ? $"{words}; a bare number would be days" : words;
    }

    /// <summary>What to say of a name that is none of <paramref name="names"/>.</summary>
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
        NetworkAttribute => null, // It says of each network what is wrong with it.
        _ => rule.FormatErrorMessage(""),
    };

    private static bool IsName(string text, Type type) => Enum.GetNames(type).Contains(text, StringComparer.OrdinalIgnoreCase);

    private static bool Is(object parsed, out object value)
    {
        value = parsed;
        return true;
    }
}
