namespace SocketSync.Tests;

/// <summary>When a loop with nothing to do looks again before it sleeps: where that pays, and nowhere else.</summary>
public sealed class SpinPolicyTests
{
    private const int Waits = 10_000;

    private readonly SpinPolicy _policy = new();

    [Fact]
    public void AClientThatAsksAgainAtOnceIsWaitedForAwake()
    {
        var (spun, slept) = Run(_ => 0.3, sockets: 1);
        Assert.InRange(slept, 1, 21);
        Assert.Equal(Waits, spun + slept);
    }

    [Fact]
    public void ADeviceWithManyClientsIsWaitedForAwake()
    {
        // Every other thing that comes is the device's reply, in between each time another client's request.
        var (_, slept) = Run(_ => 0.3, i => i % 2 == 0 ? 1 : 2 + (i % 101));
        Assert.InRange(slept, 1, 100);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(1000)]
    public void ManySocketsAreWaitedForAsleep(int sockets)
    {
        var (spun, _) = Run(_ => 0.3, sockets);
        Assert.Equal(0, spun);
    }

    /// <summary>In moments: what comes later than one is worth no spinning, and what comes a little later must not mislead for long.</summary>
    [Theory]
    [InlineData(1.1)]
    [InlineData(1.9)]
    [InlineData(2.5)]
    [InlineData(20)]
    [InlineData(100_000)]
    public void LongWaitsAreSlept(double moments)
    {
        Run(_ => moments, sockets: 1);
        Assert.InRange(_spinning / _waiting, 0, 0.05);
    }

    [Fact]
    public void AClientOfASlowDeviceIsNotWaitedForAwake()
    {
        // The device takes its time, and then the client asks at once.
        var (spun, _) = Run(i => i % 2 == 0 ? 20 : 0.3, sockets: 2);
        Assert.Equal(0, spun);
    }

    [Fact]
    public void WhateverComesSpinningTakesLittleOfLongWaits()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var isLong = random.NextDouble();
            Run(_ => random.NextDouble() < isLong ? 1 + (random.NextDouble() * 40) : random.NextDouble(), sockets: 1);
        }

        // Spinning in vain, of all the time in which there was nothing to do.
        Assert.InRange(_inVain / _waiting, 0, 0.1);
    }

    private double _spinning;
    private double _inVain;
    private double _waiting;

    private (int Spun, int Slept) Run(Func<int, double> wait, int sockets) => Run(wait, i => 1 + (i % sockets));

    /// <param name="wait">How long the next thing takes to come, in moments.</param>
    /// <param name="socket">Which socket it is of.</param>
    private (int Spun, int Slept) Run(Func<int, double> wait, Func<int, int> socket)
    {
        var (spun, slept) = (0, 0);
        for (var i = 0; i < Waits; i++)
        {
            var moments = wait(i);
            _waiting += moments;
            if (_policy.IsWorthwhile)
            {
                _spinning += Math.Min(moments, 1);
                if (moments <= 1)
                {
                    _policy.Succeeded();
                    spun++;
                }
                else
                {
                    _inVain++;
                    _policy.Failed();
                }
            }
            else
            {
                _policy.Slept((long)(moments * SpinPolicy.MaxLook));
                slept++;
            }

            _policy.Heard(socket(i));
        }

        return (spun, slept);
    }
}
