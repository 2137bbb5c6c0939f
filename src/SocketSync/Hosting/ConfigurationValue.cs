using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace SocketSync;

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
