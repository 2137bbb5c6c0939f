using System.Globalization;

namespace SocketSync;

/// <summary>What a device may do wrong.</summary>
internal enum Misbehaviour
{
    /// <summary>The reply comes when everybody has stopped waiting for it.</summary>
    Late,

    /// <summary>The reply comes two times.</summary>
    Twice,

    /// <summary>No reply comes.</summary>
    Silent,

    /// <summary>The connection is closed in place of a reply.</summary>
    HangUp,
}

/// <summary>How long a simulated device takes for a reply, and what it does wrong.</summary>
/// <param name="delay">The time before each reply.</param>
/// <param name="misbehaviours">They take turns; none for a device that does everything right.</param>
/// <param name="echoes">Whether what is sent on its line comes back before its reply.</param>
internal sealed class SimulatedManners(TimeSpan delay, IReadOnlyList<Misbehaviour> misbehaviours, bool echoes = false)
{
    /// <summary>One of so many replies goes wrong.</summary>
    public const int Every = 3;

    /// <summary>More than the time that a link, by default, waits for a reply.</summary>
    public static readonly TimeSpan LateBy = TimeSpan.FromSeconds(5);

    private static readonly (string Name, Misbehaviour Value)[] Names =
    [
        ("late", Misbehaviour.Late), ("twice", Misbehaviour.Twice), ("silent", Misbehaviour.Silent), ("hang-up", Misbehaviour.HangUp),
    ];

    private int _replies;

    public TimeSpan Delay => delay;

    public bool Echoes => echoes;

    /// <summary>What goes wrong with the next reply; <see langword="null"/>: nothing.</summary>
    public Misbehaviour? Next()
    {
        if (misbehaviours.Count == 0 || ++_replies % Every != 0) return null;
        return misbehaviours[((_replies / Every) - 1) % misbehaviours.Count];
    }

    public static string NameOf(Misbehaviour misbehaviour) => Names.First(known => known.Value == misbehaviour).Name;

    /// <summary>Reads a list of names.</summary>
    /// <returns>What is wrong with it, in one line; <see langword="null"/> if nothing is.</returns>
    public static string? TryParse(string text, out IReadOnlyList<Misbehaviour> misbehaviours)
    {
        var parsed = new List<Misbehaviour>();
        misbehaviours = parsed;
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var known = Array.FindIndex(Names, one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (known < 0) return $"'{name}': must be one or more of {string.Join(", ", Names.Select(one => one.Name))}, with commas between them";
            parsed.Add(Names[known].Value);
        }

        return null;
    }

    /// <summary>Reads a time as the configuration writes it, or as <c>200ms</c> or <c>1.5s</c>.</summary>
    public static bool TryParseTime(string text, out TimeSpan time)
    {
        if (DurationAttribute.TryParse(text, out time)) return time >= TimeSpan.Zero && time <= MostDelay;
        var (number, unit) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 1)
            : text.EndsWith('s') ? (text[..^1], 1000)
            : ("", 0);
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value * unit > MostDelay.TotalMilliseconds)
            return false;
        time = TimeSpan.FromMilliseconds(value * unit);
        return true;
    }

    /// <summary>What <see cref="TryParseTime"/> takes.</summary>
    public const string TimeForms = "must be a time written hh:mm:ss[.fff], such as 00:00:00.200, or 200ms or 1.5s, at most a day";

    private static readonly TimeSpan MostDelay = TimeSpan.FromDays(1);
}
