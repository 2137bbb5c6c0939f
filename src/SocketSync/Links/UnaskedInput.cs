namespace SocketSync;

/// <summary>What a device has sent when nobody had asked.</summary>
internal static class UnaskedInput
{
    public const string ClosedByDevice = "the device has closed the link";

    /// <summary>
    /// Discards what has come by now, without waiting and no more than the link reads ahead: a device that goes on sending
    /// keeps nobody here.
    /// </summary>
    /// <param name="open">A link that is the caller's to read.</param>
    /// <param name="ended">Why the link is at its end; <see langword="null"/> where it is not.</param>
    /// <returns>How many bytes; 0 when there were none, or the link is at its end.</returns>
    public static long Discard(IOpenLink open, out string? ended)
    {
        ended = null;
        try
        {
            if (!open.Input.TryRead(out var result))
            {
                ended = open.IsEnded ? ClosedByDevice : null;
                return 0;
            }

            var count = result.Buffer.Length;
            open.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                ended = ClosedByDevice;
            else if (count == 0)
                return Discard(open, out ended); // a wake-up that came late; there is only one
            return count;
        }
        catch (Exception exception) when (LinkKeeper.IsLoss(exception))
        {
            ended = exception.Message;
            return 0;
        }
    }
}
