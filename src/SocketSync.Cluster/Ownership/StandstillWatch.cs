namespace SocketSync;

/// <summary>
/// Notices that this process, or its machine, stood still (SIGSTOP, a suspended machine): it wakes up with connections, leases and
/// beliefs that are long out of date.
/// </summary>
internal sealed class StandstillWatch(TimeSpan limit, LeaseClock clock, Action<TimeSpan> stoodStill)
{
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Watches on a thread of its own: a pool that is held up, by a store that does not answer for instance, is no standstill.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.Factory.StartNew(() => Run(cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Run(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var before = clock.Now;
            cancellationToken.WaitHandle.WaitOne(TickEvery);
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
