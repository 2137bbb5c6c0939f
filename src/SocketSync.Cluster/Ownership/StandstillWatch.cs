namespace SocketSync;

/// <summary>
/// Notices that this process, or its machine, stood still (SIGSTOP, a suspended machine): it wakes up with connections, leases and
/// beliefs that are long out of date.
/// </summary>
internal sealed class StandstillWatch(TimeSpan limit, LeaseClock clock, Action<TimeSpan> stoodStill)
{
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(250);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var before = clock.Now;
            await Task.Delay(TickEvery, clock.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // The boot clock runs on while the machine is suspended. Not the wall clock: that may be set forward.
            var now = clock.Now;
            var boot = TimeSpan.FromTicks((now.Boot - before.Boot) / TimeSpan.NanosecondsPerTick);
            var monotonic = clock.Time.GetElapsedTime(before.Monotonic, now.Monotonic);
            var elapsed = boot > monotonic ? boot : monotonic;
            if (elapsed > limit)
                stoodStill(elapsed);
        }
    }
}
