using CsCheck;

namespace SocketSync.Tests;

/// <summary>Random histories, one after another and at once, against a gate that is said as plainly as can be.</summary>
public class GateModelTests
{
    private const int People = 5;

    private static readonly Gen<int> GenWho = Gen.Int[0, People - 1];

    private static readonly Gen<GateOptions> GenOptions = Gen.Select(
        Gen.Int[0, 2], Gen.Int[0, 4], Gen.Int[0, 2], Gen.Int[1, 12].Array[4],
        (hold, maxQueue, perAddress, times) => new GateOptions
        {
            Hold = (Hold)hold,
            MaxQueue = maxQueue,
            MaxQueuePerAddress = perAddress,
            QuietTime = TimeSpan.FromMilliseconds(times[0]),
            MaxHold = TimeSpan.FromMilliseconds(times[1] * 2),
            WaitTimeout = TimeSpan.FromMilliseconds(times[2]),
            TurnTimeout = TimeSpan.FromMilliseconds(times[3]),
        });

    private static readonly Gen<(GateSubject, GateModel)> GenInitial = Gen.Select(
        GenOptions, Gen.Int[0, 2].Array[People],
        (options, classes) =>
        {
            var priorities = Array.ConvertAll(classes, priority => (Priority)priority);
            return (new GateSubject(options, priorities), new GateModel(options, priorities));
        });

    private static readonly GenOperation<GateSubject, GateModel> Enter = Operation("Enter", (g, who) => g.Enter(who), (m, who) => m.Enter(who));
    private static readonly GenOperation<GateSubject, GateModel> Leave = Operation("Leave", (g, who) => g.Leave(who), (m, who) => m.Leave(who));
    private static readonly GenOperation<GateSubject, GateModel> End = Operation("End", (g, who) => g.End(who), (m, who) => m.End(who));
    private static readonly GenOperation<GateSubject, GateModel> Touch = Operation("Touch", (g, who) => g.Touch(who), (m, who) => m.Touch(who));

    private static readonly GenOperation<GateSubject, GateModel> Evict = Operation("Expel", (g, who) => g.Evict(who), (m, who) => m.Evict(who));

    private static readonly GenOperation<GateSubject, GateModel> Dismiss = Operation("Dismiss", (g, who) => g.Dismiss(who), (m, who) => m.Dismiss(who));

    private static readonly GenOperation<GateSubject, GateModel> Pause = Gen.Operation<GateSubject, GateModel>(
        "Pause", gate => gate.Pause(), model => model.Pause());

    private static readonly GenOperation<GateSubject, GateModel> Resume = Gen.Operation<GateSubject, GateModel>(
        "Resume", gate => gate.Resume(), model => model.Resume());

    private static readonly GenOperation<GateSubject, GateModel> Advance = Gen.Int[1, 8].Operation<GateSubject, GateModel>(
        time => $"Advance({time})", (gate, time) => gate.Advance(time), (model, time) => model.Advance(time));

    private static readonly GenOperation<GateSubject, GateModel> Close = Gen.Operation<GateSubject, GateModel>(
        "Close", gate => gate.Close(), model => model.Close());

    [Fact]
    public void DoesWhatTheModelDoes() => GenInitial.SampleModelBased(
        [Enter, Enter, Enter, Leave, End, End, Touch, Advance], Same, iter: 20_000, threads: 2);

    [Fact]
    public void IsSteeredAsTheModelIs() => GenInitial.SampleModelBased(
        [Enter, Enter, Enter, Enter, Leave, End, End, Touch, Advance, Evict, Pause, Resume, Resume], Same, iter: 20_000, threads: 2);

    [Fact]
    public void DismissesAsTheModelDoes() => GenInitial.SampleModelBased(
        [Enter, Enter, Enter, Enter, Leave, End, End, Advance, Dismiss, Dismiss, Evict], Same, iter: 20_000, threads: 2);

    [Fact]
    public void ClosesAsTheModelDoes() => GenInitial.SampleModelBased(
        [Enter, Enter, Enter, Leave, End, Advance, Evict, Pause, Resume, Close], Same, iter: 10_000, threads: 2);

    // The clock stands still here: its races are in GateRaceTests.
    [Fact]
    public void WhatIsDoneAtOnceCouldHaveBeenDoneInSomeOrder() => GenInitial.SampleParallel(
        [Enter, Enter, Leave, End, End, Touch, Close], Same, maxSequentialOperations: 10, maxParallelOperations: 5, iter: 150, threads: 2);

    [Fact]
    public void WhoIsDismissedAtOnceCouldHaveBeenDismissedInSomeOrder() => GenInitial.SampleParallel(
        [Enter, Enter, End, End, Leave, Dismiss, Dismiss], Same, maxSequentialOperations: 10, maxParallelOperations: 5, iter: 150, threads: 2);

    [Fact]
    public void WhatIsSteeredAtOnceCouldHaveBeenSteeredInSomeOrder() => GenInitial.SampleParallel(
        [Enter, Enter, End, End, Evict, Pause, Resume, Resume], Same, maxSequentialOperations: 10, maxParallelOperations: 5, iter: 150, threads: 2);

    private static bool Same(GateSubject gate, GateModel model) => string.Equals(gate.ToString(), model.ToString(), StringComparison.Ordinal);

    private static GenOperation<GateSubject, GateModel> Operation(string name, Action<GateSubject, int> gate, Action<GateModel, int> model) =>
        GenWho.Operation(who => $"{name}({who})", gate, model);
}
