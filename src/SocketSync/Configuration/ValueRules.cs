using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;

namespace SocketSync;

/// <summary>Marks a value that is never shown.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretAttribute : Attribute;

/// <summary>A duration that a timer can measure.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DurationAttribute : ValidationAttribute
{
    // Timers count whole milliseconds, at most int.MaxValue of them.
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(24);

    public bool ZeroIsOff { get; init; }

    /// <summary>The longest that is allowed, where it is less than a timer can measure.</summary>
    public int MostMilliseconds { get; init; }

    private TimeSpan Most => MostMilliseconds > 0 ? TimeSpan.FromMilliseconds(MostMilliseconds) : Longest;

    public override bool IsValid(object? value) =>
        value is TimeSpan time && ((ZeroIsOff && time == TimeSpan.Zero) || (time >= Least && time <= Most));

    public override string FormatErrorMessage(string name) =>
        "must be a time written hh:mm:ss[.fff], such as "
        + (MostMilliseconds > 0 ? $"00:00:00.010, from 00:00:00.001 to {Most:hh\\:mm\\:ss\\.fff}" : "00:00:10, from 00:00:00.001 to 24.00:00:00 (24 days)")
        + (ZeroIsOff ? ", or 0 to turn it off" : "");

    /// <summary>
    /// Parses a time only in its unambiguous format: .NET itself would read "10" as ten days and "10:30" as ten and a half
    /// hours.
    /// </summary>
    public static bool TryParse(string text, out TimeSpan time)
    {
        time = TimeSpan.Zero;
        if (text == "0") return true;
        return text.Count(c => c == ':') == 2 && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out time);
    }
}

/// <summary>A network in CIDR notation.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NetworkAttribute : ValidationAttribute
{
    private const string Allowed = "must be a network in CIDR notation, such as 192.0.2.0/24 or 2001:db8::/32";

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        var text = value as string ?? "";
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out var address)) return new(Allowed);

        var bytes = address.GetAddressBytes();
        if (slash < 0) return new($"{Allowed}; this one address is {address}/{bytes.Length * 8}");
        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix)
            || prefix > bytes.Length * 8)
            return new($"{Allowed}; the prefix of such an address is 0 to {bytes.Length * 8}");

        var network = new IPAddress(Masked(bytes, prefix));
        if (!network.Equals(address)) return new($"has bits set beyond its prefix; write {network}/{prefix}, or a longer prefix");
        return IPNetwork.TryParse(text, out _) ? ValidationResult.Success : new(Allowed);
    }

    private static byte[] Masked(byte[] address, int prefix) =>
        [.. address.Select((b, i) => (byte)(b & (0xFF00 >> Math.Clamp(prefix - i * 8, 0, 8))))];
}

/// <summary>A host to connect to.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class HostAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is string text && Uri.CheckHostName(text) != UriHostNameType.Unknown;

    public override string FormatErrorMessage(string name) => "must be a host's name or an IP address, without a port";
}

/// <summary>The rights of a file in octal digits.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class UnixSocketModeAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) =>
        value is string { Length: 3 or 4 } text && text.All(c => c is >= '0' and <= '7') && (text.Length == 3 || text[0] == '0');

    public override string FormatErrorMessage(string name) => "must be the rights of a file in octal digits, such as 0660";

    /// <summary>The rights that a valid text stands for; <see langword="null"/> for none.</summary>
    public static UnixFileMode? Parse(string? text) => text is null ? null : (UnixFileMode)Convert.ToInt32(text, 8);
}

/// <summary>Text that is not empty.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NotEmptyAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) => value is string text && !string.IsNullOrWhiteSpace(text) && !text.Contains('\0', StringComparison.Ordinal);

    public override string FormatErrorMessage(string name) => "must not be empty";
}

/// <summary>A secret that can be sent as <c>Authorization: Bearer</c> and is long enough not to be guessed.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class BearerTokenAttribute : ValidationAttribute
{
    private const int Shortest = 16;

    // A longer token would not fit into the request headers.
    private const int Longest = 512;

    public override bool IsValid(object? value) =>
        value is string { Length: >= Shortest and <= Longest } text && text.All(c => c is > ' ' and <= '~');

    public override string FormatErrorMessage(string name) =>
        "must be 16 to 512 characters, of the letters A to Z, digits and signs of ASCII, without spaces";
}
