using System.Net;

namespace SocketSync;

/// <summary>
/// The queue of waiting turns: ordered by priority, then by arrival; but at least every eighth turn goes to the turn that has
/// waited longest, so that no priority starves. Every operation is O(1) and allocation-free, except for <see cref="Peek"/>,
/// which is used only for status queries.
/// </summary>
/// <remarks>Not thread-safe: guarded by the gate's lock.</remarks>
internal sealed class WaitLine
{
    /// <summary>How many turns may overtake the longest-waiting one before it is served.</summary>
    private const int MaxPassedBy = 7;

    private readonly TurnList[] _classes = [new(), new(), new()];
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private bool _countsAddresses;
    private long _arrivals;
    private int _passedBy;

    public int Count { get; private set; }

    /// <summary>The turn that has waited longest, of any priority.</summary>
    public Turn? Oldest
    {
        get
        {
            Turn? oldest = null;
            foreach (var queue in _classes)
            {
                if (queue.First is { } first && (oldest is null || first.Arrival < oldest.Arrival))
                    oldest = first;
            }

            return oldest;
        }
    }

    /// <summary>The turn that arrived last, of the lowest priority that has waiting turns.</summary>
    public Turn? YoungestOfLowestClass
    {
        get
        {
            for (var i = _classes.Length - 1; i >= 0; i--)
            {
                if (_classes[i].Last is { } last)
                    return last;
            }

            return null;
        }
    }

    /// <summary>Whether waiting turns are counted by address; costs a dictionary lookup for each add and remove.</summary>
    public bool CountsAddresses
    {
        get => _countsAddresses;
        set
        {
            if (_countsAddresses == value)
                return;
            _countsAddresses = value;
            _byAddress.Clear();
            if (!value)
                return;
            foreach (var queue in _classes)
            {
                for (var turn = queue.First; turn is not null; turn = turn.Next)
                    CountAddress(turn, 1);
            }
        }
    }

    /// <summary>Gets how many turns from this address wait; valid only if <see cref="CountsAddresses"/>.</summary>
    public int CountOf(IPAddress address) => _byAddress.GetValueOrDefault(address);

    public void Add(Turn turn)
    {
        turn.Arrival = _arrivals++;
        _classes[(int)turn.Priority].Append(turn);
        Count++;
        if (_countsAddresses)
            CountAddress(turn, 1);
    }

    public void Remove(Turn turn)
    {
        _classes[(int)turn.Priority].Remove(turn);
        Count--;
        if (_countsAddresses)
            CountAddress(turn, -1);
    }

    /// <summary>Removes and returns the next turn to be served.</summary>
    public Turn? TakeNext()
    {
        if (Oldest is not { } oldest)
            return null;

        var next = FirstByClass();
        if (next != oldest && _passedBy < MaxPassedBy)
        {
            _passedBy++;
        }
        else
        {
            next = oldest;
            _passedBy = 0;
        }

        Remove(next);
        return next;
    }

    /// <summary>Lists the turns that would be served next if no other arrived, in order, without removing them.</summary>
    public void Peek(int most, List<Turn> into)
    {
        Turn?[] heads = [.. _classes.Select(queue => queue.First)];
        var passedBy = _passedBy;
        while (into.Count < most && heads.OfType<Turn>().MinBy(turn => turn.Arrival) is { } oldest)
        {
            var next = heads.First(turn => turn is not null)!;
            passedBy = next == oldest || passedBy >= MaxPassedBy ? 0 : passedBy + 1;
            if (passedBy == 0)
                next = oldest;
            heads[(int)next.Priority] = next.Next;
            into.Add(next);
        }
    }

    private void CountAddress(Turn turn, int change)
    {
        if (turn.Client.Address is not { } address)
            return;
        var count = CountOf(address) + change;
        if (count > 0)
            _byAddress[address] = count;
        else
            _byAddress.Remove(address);
    }

    private Turn FirstByClass()
    {
        foreach (var queue in _classes)
        {
            if (queue.First is { } first)
                return first;
        }

        throw new InvalidOperationException("The line is empty.");
    }

    /// <summary>A doubly linked list whose links are in the turns themselves.</summary>
    private sealed class TurnList
    {
        public Turn? First { get; private set; }

        public Turn? Last { get; private set; }

        public void Append(Turn turn)
        {
            turn.Previous = Last;
            turn.Next = null;
            if (Last is null)
                First = turn;
            else
                Last.Next = turn;
            Last = turn;
        }

        public void Remove(Turn turn)
        {
            if (turn.Previous is null)
                First = turn.Next;
            else
                turn.Previous.Next = turn.Next;
            if (turn.Next is null)
                Last = turn.Previous;
            else
                turn.Next.Previous = turn.Previous;
            turn.Next = turn.Previous = null;
        }
    }
}
