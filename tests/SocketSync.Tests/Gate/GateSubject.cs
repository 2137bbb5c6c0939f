using System.Globalization;
using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>A real gate with as many clients, who keep a log of what they are told, to be held against <see cref="GateModel"/>.</summary>
internal sealed class GateSubject
{
    private readonly FakeTimeProvider _time = new();
    private readonly TurnGate _gate;
    private readonly Person[] _people;

    public GateSubject(GateOptions options, Priority[] classes)
    {
        _gate = new GateBench(options, _time).Gate;
        _people = [.. classes.Select((priority, i) => new Person(priority, new IPEndPoint(i % 2, 1)))];
    }

    // A client does one thing at a time; what happens to it meanwhile comes from the others.
    public void Enter(int who) => _people[who].Do(person =>
    {
        if (person.Turn.State is TurnState.Waiting or TurnState.Running or TurnState.Overdue)
            return;
        person.Note();
        if (person.Turn.LeaseLost || person.Turn.IsEvicted)
            person.Renew(); // it is closed, and comes again
        person.Await(_gate.Enter(person.Turn));
    });

    public void Leave(int who) => _people[who].Do(person => _gate.Leave(person.Turn));

    public void Evict(int who) => _people[who].Do(person => _gate.Evict(person.Turn));

    public void Dismiss(int who) => _people[who].Do(person => _gate.TryDismiss(person.Turn, Outcome.Cached));

    public void Pause() => _gate.Pause();

    public void Resume() => _gate.Resume();

    public void Touch(int who) => _people[who].Do(person => _gate.Touch(person.Turn));

    public void End(int who) => _people[who].Do(person =>
    {
        var turn = person.Turn;
        if (turn.State is not (TurnState.Running or TurnState.Overdue))
            return;
        person.Note();
        _gate.End(turn, Outcome.Failed);
        var verdict = turn.Verdict.Task;
        // Whoever ends the turn's time tells both after the lock; and the source may be the next turn's by now, if it was not ended so.
        Soon(() => verdict.IsCompleted);
        var cancelled = turn.CompletedEarly && Soon(() => turn.Cancelled.IsCancellationRequested) ? " cancelled" : "";
        person.Log.Add(verdict.IsCompleted ? $"{verdict.Result}{(turn.LeaseLost ? ", hold over" : "")}{cancelled}" : "no verdict");
        if (turn.CompletedEarly)
            person.Renew();
    });

    public void Advance(int milliseconds)
    {
        for (var i = 0; i < milliseconds; i++)
            _time.Advance(TimeSpan.FromMilliseconds(1));
    }

    public void Close() => _gate.Close();

    public override string ToString()
    {
        foreach (var person in _people)
            person.Do(static p => p.Note());
        var people = _people.Select((person, i) => $"{i} {person.Turn.State}: {string.Join(", ", person.Log)}");
        var line = _people.Where(person => person.Turn.State == TurnState.Waiting).OrderBy(person => person.Turn.Arrival);
        return $"{string.Join("\n", people)}\nline: {string.Join(" ", line.Select(person => Array.IndexOf(_people, person).ToString(CultureInfo.InvariantCulture)))}";
    }

    private static bool Soon(Func<bool> isSo) => SpinWait.SpinUntil(isSo, TimeSpan.FromSeconds(5));

    private sealed class Person(Priority priority, IPEndPoint address)
    {
        private readonly Lock _sync = new();
        private Func<string?>? _admission;
        private Turn? _turn;

        public Turn Turn => _turn ??= NewTurn();

        public List<string> Log { get; } = [];

        public void Do(Action<Person> action)
        {
            lock (_sync)
                action(this);
        }

        public void Renew() => _turn = NewTurn();

        public void Await(ValueTask<Outcome> entered) =>
            _admission = () => entered.IsCompleted ? entered.Result.ToString() : null;

        /// <summary>Notes how the last wait ended, if it has.</summary>
        public void Note()
        {
            if (_admission?.Invoke() is not { } outcome)
                return;
            _admission = null;
            Log.Add(outcome);
        }

        private Turn NewTurn() => GateBench.NewTurn(priority, () => Log.Add("lease lost"), address);
    }
}
