using System.Globalization;
using System.Text;

namespace SocketSync;

/// <summary>
/// What a client in line of a tunnel is told, where its resource has <see cref="ResourceOptions.Notice"/>. The lines end as a
/// terminal in raw mode needs it, by CR and LF.
/// </summary>
internal static class WaitNotice
{
    public static ReadOnlyMemory<byte> YourTurn { get; } = Encoding.ASCII.GetBytes("It is your turn.\r\n");

    /// <summary>Says who has the turn and how many are served before the client, or <see langword="null"/> if it does not wait.</summary>
    public static byte[]? Of(in PlaceInLine place) => place.Place == 0 ? null : Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{Holder(place)}; your place in line is {place.Place}. What you send before your turn is thrown away.\r\n"));

    private static string Holder(in PlaceInLine place)
    {
        if (place.Holder is not { } holder)
            return "Nobody has the turn, the resource is paused";
        // A client of a Unix socket has no address.
        var name = string.IsNullOrEmpty(holder.RemoteText) ? holder.Id : holder.RemoteText;
        return string.Create(CultureInfo.InvariantCulture, $"{name} has had the turn for {Math.Floor(place.Held.TotalSeconds)} s");
    }
}
