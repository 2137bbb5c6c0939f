using CsCheck;

namespace SocketSync.Tests;

/// <summary>How many replies are kept, and which go first.</summary>
public class KeptRepliesTests
{
    private static readonly byte[] Frame = [1];

    [Fact]
    public void TheOldestGoesWhenThereAreTooMany()
    {
        var kept = new KeptReplies();
        for (var i = 0; i < KeptReplies.Most; i++)
            kept.Set(new KeptReply(Key(i), Frame, i), expired: 0);
        kept.Set(new KeptReply(Key(0), Frame, KeptReplies.Most), expired: 0); // read again: the youngest now
        Assert.Equal(KeptReplies.Most, kept.Count);
        kept.Set(new KeptReply(Key(KeptReplies.Most), Frame, KeptReplies.Most), expired: 0);
        Assert.Equal(KeptReplies.Most, kept.Count);
        Assert.NotNull(kept.Find(Key(0), since: 0));
        Assert.Null(kept.Find(Key(1), since: 0));
        Assert.NotNull(kept.Find(Key(2), since: 0));
    }

    [Fact]
    public void WhatHasExpiredGoesWithTheNextThatComes()
    {
        var kept = new KeptReplies();
        kept.Set(new KeptReply(Key(1), Frame, 10), expired: 0);
        kept.Set(new KeptReply(Key(2), Frame, 20), expired: 0);
        kept.Set(new KeptReply(Key(3), Frame, 30), expired: 20);
        Assert.Equal(2, kept.Count);
        Assert.Null(kept.Find(Key(1), since: 0));
    }

    [Fact]
    public void KeepsWhatADictionaryKeeps() => Gen.Select(Gen.Int[0, 3], Gen.Int[0, 40], Gen.Int[0, 30]).Array[0, 60].Sample(
        steps =>
        {
            var kept = new KeptReplies();
            var plain = new Dictionary<ulong, (byte[] Frame, long ReadAt)>();
            var now = 0L;
            foreach (var (what, which, age) in steps)
            {
                now++;
                if (what == 0)
                {
                    kept.Drop((byte)(which % 4));
                    plain = plain.Where(reply => ILinkProtocol.UnitOfKey(reply.Key) != which % 4).ToDictionary();
                }
                else
                {
                    byte[] frame = [(byte)now];
                    kept.Set(new KeptReply(Key(which), frame, now), now - age);
                    plain[Key(which)] = (frame, now);
                    plain = plain.Where(reply => reply.Value.ReadAt >= now - age).ToDictionary();
                }

                Assert.Equal(plain.Count, kept.Count);
                Assert.All(Enumerable.Range(0, 41), i =>
                    Assert.Same(plain.TryGetValue(Key(i), out var reply) && reply.ReadAt >= now - 10 ? reply.Frame : null, kept.Find(Key(i), now - 10)));
            }
        }, iter: 2_000);

    /// <summary>Four units.</summary>
    private static ulong Key(int i) => ((ulong)(i % 4) << 40) | (3UL << 32) | (uint)(i << 16) | 1;
}
