namespace SocketSync.Tests;

/// <summary>Lets things happen at once, again and again, each time a little differently.</summary>
internal static class Race
{
    public const int Rounds = 100_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>
    /// For each round: <paramref name="prepare"/>, then the runners at the same moment on a thread each, then
    /// <paramref name="check"/> when all have come in.
    /// </summary>
    public static void Run(int rounds, Action prepare, Action check, params Action[] runners)
    {
        var start = 0;
        var ready = 0;
        var arrived = 0;
        Exception? failure = null;
        var others = runners.Skip(1).Select((runner, lane) =>
        {
            var thread = new Thread(() =>
            {
                for (var round = 1; round <= rounds; round++)
                {
                    if (!Await(() => Volatile.Read(ref start) >= round) || failure is not null)
                        return;
                    Go(runner, lane + 1, round);
                }
            }) { IsBackground = true };
            thread.Start();
            return thread;
        }).ToList();

        for (var round = 1; round <= rounds && failure is null; round++)
        {
            prepare();
            Volatile.Write(ref ready, 0);
            Volatile.Write(ref arrived, 0);
            Volatile.Write(ref start, round);
            Go(runners[0], 0, round);
            if (!Await(() => Volatile.Read(ref arrived) == runners.Length))
                failure ??= new TimeoutException($"Somebody did not come in, in round {round}.");
            if (failure is null)
                check();
        }

        Volatile.Write(ref start, int.MaxValue);
        if (failure is not null)
            Assert.Fail(failure.ToString());
        others.ForEach(thread => Assert.True(thread.Join(Limit)));

        void Go(Action runner, int lane, int round)
        {
            try
            {
                Interlocked.Increment(ref ready);
                Await(() => Volatile.Read(ref ready) == runners.Length || failure is not null);
                // Now and then one comes last for sure, so that every outcome is seen, also where a busy machine never lets
                // it be. In all other rounds each has its own rhythm, so that in their course every order comes about.
                if (round % 16 == 0 && round / 16 % runners.Length == lane)
                    Await(() => Volatile.Read(ref arrived) == runners.Length - 1 || failure is not null);
                else
                    Thread.SpinWait(round * (lane + 1) % (23 + (14 * lane)));
                runner();
            }
            catch (Exception exception)
            {
                failure ??= exception;
            }
            finally
            {
                Interlocked.Increment(ref arrived);
            }
        }
    }

    public static bool Await(Func<bool> happened)
    {
        if (happened())
            return true;
        // Spins for a while before it gives the core away: who has to be woken up comes too late for any race.
        var deadline = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        for (var spins = 0; !happened(); spins++)
        {
            if (spins < 2_000)
                Thread.SpinWait(1);
            else if (Environment.TickCount64 > deadline)
                return false;
            else
                Thread.Yield();
        }

        return true;
    }
}
