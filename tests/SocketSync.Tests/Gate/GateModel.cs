using System.Globalization;

namespace SocketSync.Tests;

/// <summary>What a gate does, said as plainly as can be; in whole milliseconds, with the clients by number.</summary>
internal sealed class GateModel(GateOptions options, Priority[] classes)
{
    private readonly Person[] _people = [.. classes.Select(priority => new Person { Priority = priority })];
    private readonly List<Person> _line = [];
    private Person? _holder;
    private long _now;
    private long _quietSince;
    private int _passedBy;
    private bool _isClosed;
    private bool _isPaused;

    public void Enter(int who)
    {
        var person = _people[who];
        if (person.State is TurnState.Waiting or TurnState.Running or TurnState.Overdue)
            return;
        if (_isClosed)
        {
            person.Log.Add("Unavailable");
        }
        else if (person.State == TurnState.Leased)
        {
            Begin(person);
        }
        else if (_holder is null && !_isPaused)
        {
            Grant(person);
        }
        else if (options.MaxQueuePerAddress > 0 && _line.Count(other => IsNeighbour(other, who)) >= options.MaxQueuePerAddress)
        {
            person.Log.Add("Busy");
        }
        else if (_line.Count < options.MaxQueue)
        {
            Wait(person);
        }
        else if (_line.Count > 0 && _line.Max(other => other.Priority) is var lowest && lowest > person.Priority)
        {
            Refuse(_line.Last(other => other.Priority == lowest), "Busy");
            Wait(person);
        }
        else
        {
            person.Log.Add("Busy");
        }
    }

    /// <summary>Clients of even numbers share an address, those of odd ones another.</summary>
    private bool IsNeighbour(Person other, int who) => Array.IndexOf(_people, other) % 2 == who % 2;

    private void Wait(Person person)
    {
        (person.State, person.Since) = (TurnState.Waiting, _now);
        _line.Add(person);
    }

    public void Leave(int who)
    {
        var person = _people[who];
        person.HasLeft |= person.State == TurnState.Running;
        if (person.State == TurnState.Waiting)
            Refuse(person, "Abandoned");
        else if (person.State == TurnState.Leased)
            Release();
    }

    public void End(int who)
    {
        var person = _people[who];
        if (person.State is not (TurnState.Running or TurnState.Overdue))
            return;
        person.Log.Add(person.State == TurnState.Running ? "Failed" : person.Verdict + " cancelled");
        if (person.State == TurnState.Running && options.Hold != Hold.Request && !person.HasLeft)
            (person.State, _quietSince) = (TurnState.Leased, _now);
        else
            Release();
    }

    public void Evict(int who)
    {
        var person = _people[who];
        if (person.State == TurnState.Waiting)
        {
            Refuse(person, "Abandoned");
        }
        else if (person.State == TurnState.Running)
        {
            (person.State, person.Verdict) = (TurnState.Overdue, "Timeout, hold over");
        }
        else if (person.State == TurnState.Leased)
        {
            person.Log.Add("lease lost");
            Release();
        }
    }

    public void Dismiss(int who)
    {
        if (_people[who].State == TurnState.Waiting)
            Refuse(_people[who], "Cached");
    }

    public void Pause() => _isPaused = true;

    public void Resume()
    {
        _isPaused = false;
        if (_holder is null)
            GrantNext();
    }

    public void Touch(int who)
    {
        if (_people[who].State == TurnState.Leased)
            _quietSince = _now;
    }

    public void Advance(int milliseconds)
    {
        for (var i = 0; i < milliseconds; i++)
        {
            _now++;
            while (_line is [var oldest, ..] && _now >= oldest.Since + (long)options.WaitTimeout.TotalMilliseconds)
                Refuse(oldest, "Busy");
            var isHoldOver = _holder is not null && options.Hold != Hold.Request && _now >= _holder.HeldSince + (long)options.MaxHold.TotalMilliseconds;
            if (_holder is { State: TurnState.Running } running && (isHoldOver || _now >= running.Since + (long)options.TurnTimeout.TotalMilliseconds))
            {
                (running.State, running.Verdict) = (TurnState.Overdue, isHoldOver ? "Timeout, hold over" : "Timeout");
            }
            else if (_holder is { State: TurnState.Leased } leased)
            {
                if (isHoldOver)
                    leased.Log.Add("lease lost");
                if (isHoldOver || (options.Hold == Hold.Quiet && _now >= _quietSince + (long)options.QuietTime.TotalMilliseconds))
                    Release();
            }
        }
    }

    public void Close()
    {
        _isClosed = true;
        while (_line is [var oldest, ..])
            Refuse(oldest, "Unavailable");
        if (_holder is { State: TurnState.Running } running)
            (running.State, running.Verdict) = (TurnState.Overdue, "Unavailable");
        else if (_holder is { State: TurnState.Leased })
            Release();
    }

    public override string ToString()
    {
        var people = _people.Select((person, i) => $"{i} {person.State}: {string.Join(", ", person.Log)}");
        return $"{string.Join("\n", people)}\nline: {string.Join(" ", _line.Select(person => Array.IndexOf(_people, person).ToString(CultureInfo.InvariantCulture)))}";
    }

    private void Refuse(Person person, string outcome)
    {
        _line.Remove(person);
        person.State = TurnState.Out;
        person.Log.Add(outcome);
    }

    private void Release()
    {
        _holder!.State = TurnState.Out;
        _holder = null;
        GrantNext();
    }

    private void GrantNext()
    {
        if (_line.Count == 0 || _isPaused)
            return;
        var next = _passedBy == 7 ? _line[0] : _line.MinBy(person => person.Priority)!;
        _passedBy = next == _line[0] ? 0 : _passedBy + 1;
        _line.Remove(next);
        Grant(next);
    }

    private void Grant(Person person)
    {
        _holder = person;
        person.HeldSince = _now;
        Begin(person);
    }

    private void Begin(Person person)
    {
        (person.State, person.Since, person.HasLeft) = (TurnState.Running, _now, false);
        person.Log.Add("Ok");
    }

    private sealed class Person
    {
        public required Priority Priority { get; init; }

        public TurnState State { get; set; }

        public string? Verdict { get; set; }

        public bool HasLeft { get; set; }

        public long Since { get; set; }

        public long HeldSince { get; set; }

        public List<string> Log { get; } = [];
    }
}
