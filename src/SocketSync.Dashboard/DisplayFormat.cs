using System.Globalization;

namespace SocketSync;

/// <summary>How the page writes numbers and times: with about three digits.</summary>
internal static class DisplayFormat
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    public static string Time(TimeSpan? time) => time switch
    {
        null => "–",
        { TotalMicroseconds: < 1.5 } => "≤1 µs",
        { TotalMilliseconds: < 1 } t => string.Create(Culture, $"{t.TotalMicroseconds:0} µs"),
        { TotalMilliseconds: < 10 } t => string.Create(Culture, $"{t.TotalMilliseconds:0.0} ms"),
        { TotalSeconds: < 1 } t => string.Create(Culture, $"{t.TotalMilliseconds:0} ms"),
        { TotalSeconds: < 10 } t => string.Create(Culture, $"{t.TotalSeconds:0.0} s"),
        { TotalMinutes: < 1 } t => string.Create(Culture, $"{t.TotalSeconds:0} s"),
        _ => Long(time.Value),
    };

    /// <summary>For long durations: whole seconds, minutes, hours.</summary>
    public static string Long(TimeSpan time) => time switch
    {
        { TotalMinutes: < 1 } => string.Create(Culture, $"{(int)time.TotalSeconds} s"),
        { TotalHours: < 1 } => string.Create(Culture, $"{time.Minutes} min {time.Seconds} s"),
        { TotalDays: < 1 } => string.Create(Culture, $"{time.Hours} h {time.Minutes} min"),
        _ => string.Create(Culture, $"{time.Days} d {time.Hours} h"),
    };

    /// <summary>For what is under way: seconds with a tenth, so that one sees it run.</summary>
    public static string Running(TimeSpan time) =>
        time.TotalMinutes < 1 ? string.Create(Culture, $"{Math.Max(0, time.TotalSeconds):0.0} s") : Long(time);

    /// <summary>A time of day on the server's clock; with the date where it is not today's.</summary>
    public static string Clock(DateTimeOffset at, DateTimeOffset now)
    {
        var local = at.ToOffset(now.Offset);
        return local.ToString(local.Date == now.Date ? "HH:mm:ss" : "d MMM HH:mm:ss", Culture);
    }

    /// <summary>How far the server's clock is from UTC, so that nobody takes it for the browser's.</summary>
    public static string Zone(DateTimeOffset now) => now.Offset == TimeSpan.Zero ? "UTC" : now.ToString("'UTC'zzz", Culture);

    public static string Count(long count) => count.ToString("N0", Culture);

    public static string Rate(double perSecond) => perSecond.ToString(perSecond is > 0 and < 10 ? "0.0" : "N0", Culture);

    public static string Share(double share) => share is > 0 and < 0.005 ? "<1 %" : string.Create(Culture, $"{share * 100:0} %");

    public static string Number(double number) => number.ToString("0.##", Culture);
}

/// <summary>How the page names a client: by its address, or, where it has none, by its id.</summary>
internal static class ClientAddress
{
    public static string Of(string? remoteEndPoint, string connectionId) =>
        string.IsNullOrEmpty(remoteEndPoint) ? $"client {connectionId}" : remoteEndPoint;

    public static string Of(Client client) => Of(client.RemoteEndPoint?.ToString(), client.Id);
}
