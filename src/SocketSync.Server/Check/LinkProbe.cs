using System.Globalization;

namespace SocketSync;

/// <summary>What came of the one attempt to open a resource's link.</summary>
/// <param name="Resource">The resource's name.</param>
/// <param name="Link">The link, as the log names it.</param>
/// <param name="Fault">Why the device is not there; <see langword="null"/> if the link opens and stays open.</param>
/// <param name="Took">How long it took to open it, with the device's <c>ConnectDelay</c>.</param>
internal sealed record ProbeResult(string Resource, string Link, string? Fault, TimeSpan Took)
{
    /// <summary>Whether opening shows that somebody is there, which it does not where nobody is connected to.</summary>
    public bool IsProof { get; init; } = true;

    public override string ToString()
    {
        // A fault begins with the link's name.
        if (Fault is not null) return $"probe: resource {Resource}: {(Fault.StartsWith(Link, StringComparison.Ordinal) ? Fault : $"{Link}: {Fault}")}";
        var opened = string.Create(CultureInfo.InvariantCulture, $"probe: resource {Resource}: {Link}: opens, after {Took.TotalSeconds:0.000} s");
        return IsProof ? opened : opened + ", which does not show that a device is there";
    }
}

/// <summary>
/// Opens each link once, as the relay does before its first request, and closes it again. Nothing is written to a device. A link that
/// ends as soon as it is open counts as one that does not open: that is what a device does which is taken, or a program that cannot run.
/// </summary>
/// <param name="time">Measures the attempts, and the pauses that a device is given.</param>
/// <param name="makeLink">Makes a resource's link.</param>
internal sealed class LinkProbe(TimeProvider time, Func<ResourceOptions, ILink> makeLink)
{
    private const int MostAtOnce = 64;

    /// <summary>Tries all links. Resources behind one device take turns, since it may take a single connection.</summary>
    /// <param name="options">The resources.</param>
    /// <param name="told">Is told of each result as it comes, and never of two at once.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    /// <returns>Whether every link opens.</returns>
    public async Task<bool> RunAsync(SocketSyncOptions options, Action<ProbeResult> told, CancellationToken cancellationToken)
    {
        var devices = options.Resources.Where(resource => resource.Value.Link is not null)
            .Select(resource => (Name: resource.Key, Options: resource.Value.Link!, Link: makeLink(resource.Value)))
            .GroupBy(resource => resource.Options.Process is null ? resource.Link.Description : resource.Name, StringComparer.Ordinal);
        var telling = new Lock();
        var allOpen = true;
        await Parallel.ForEachAsync(devices, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken }, async (device, stop) =>
        {
            var isFirst = true;
            foreach (var (name, link, way) in device)
            {
                // A device that has just lost its connection is given the time that a relay gives it before it comes again.
                if (!isFirst) await Task.Delay(link.ReconnectDelay, time, stop);
                isFirst = false;
                var result = await TryAsync(name, link, way, stop);
                lock (telling)
                {
                    told(result);
                    allOpen &= result.Fault is null;
                }
            }
        });
        return allOpen;
    }

    private async Task<ProbeResult> TryAsync(string resource, LinkOptions options, ILink link, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        try
        {
            await using var open = await LinkAttempt.RunAsync(link, options, time, cancellationToken);
            var took = time.GetElapsedTime(start);
            return new(resource, link.Description, await StaysOpenAsync(open, cancellationToken), took) { IsProof = link.DatagramBytes is null };
        }
        catch (LinkException e)
        {
            return new(resource, link.Description, e.Message, time.GetElapsedTime(start));
        }
    }

    /// <returns>Why the link has ended; <see langword="null"/> if it has not within the time after which a link counts as one that lasts.</returns>
    private async Task<string?> StaysOpenAsync(IOpenLink open, CancellationToken cancellationToken)
    {
        var watch = new LinePurge(time, static _ => { }, cancellationToken);
        if (await watch.RunAsync(open, ReconnectPolicy.ShortLife, ReconnectPolicy.ShortLife, cancellationToken) != PurgeResult.Lost) return null;
        cancellationToken.ThrowIfCancellationRequested();
        UnaskedInput.Discard(open, out var ended);
        return $"lost as soon as it is open: {ended ?? UnaskedInput.ClosedByDevice}";
    }
}
