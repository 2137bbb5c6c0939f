using System.Buffers;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>A resource as the clients of one listener reach it: the settings that it has for them, and the counts of their requests.</summary>
internal sealed class Route(SharedResource resource)
{
    private readonly long[] _outcomes = new long[OutcomeNames.Count];
    private Task _lastAnswer = Task.CompletedTask;
    private volatile OnError _onError = OnError.Reply;
    private volatile EndOfStreamAction _endOfStream = EndOfStreamAction.Answer;
    private volatile bool _notice;

    public SharedResource Resource { get; } = resource;

    /// <summary>Whether errors are reported in the protocol, if it can, or by closing the connection; may change at run time.</summary>
    public OnError OnError
    {
        get => _onError;
        set => _onError = value;
    }

    /// <summary>What to do with a waiting request whose client has ended its stream; may change at run time.</summary>
    public EndOfStreamAction EndOfStream
    {
        get => _endOfStream;
        set => _endOfStream = value;
    }

    /// <summary>Whether a client in line is told who has the turn, and what it sends meanwhile is thrown away; may change at run time.</summary>
    public bool Notice
    {
        get => _notice;
        set => _notice = value;
    }

    /// <summary>Counts the outcome of a client's request, and logs it if the client did not get what it asked for.</summary>
    public void Count(Outcome outcome, Client client)
    {
        Interlocked.Increment(ref _outcomes[(int)outcome.AsCounted()]);
        if (ResourceLog.Tells(outcome))
            Resource.Log.Ended(outcome, client);
        if (outcome is Outcome.Malformed or Outcome.TooLarge)
            Resource.Telemetry.Refused(client, outcome, queuedAt: null, request: default); // none that the resource could have seen
    }

    /// <summary>
    /// To be called in a turn whose answer is sent after it by whatever thread goes on: keeps the answers in the order of the turns.
    /// </summary>
    /// <param name="answered">Completes when the answer has been sent.</param>
    /// <returns>The same of the turn before.</returns>
    public Task FollowLastAnswer(Task answered) => Interlocked.Exchange(ref _lastAnswer, answered);

    public long CountOf(Outcome outcome) => Interlocked.Read(ref _outcomes[(int)outcome]);
}

/// <summary>The routes of a listener whose requests go to one resource or another, by the Modbus unit that they name.</summary>
internal sealed partial class UnitRoutes : IDisposable
{
    private readonly ModbusFraming _framing;
    private readonly Route?[] _byUnit; // of all 256
    private readonly LogThrottle<LostRequest> _lost;
    private long _lostRequests;

    /// <param name="listener">The listener's name, for the log.</param>
    /// <param name="framing">The framing of the clients.</param>
    /// <param name="byUnit">For each of the 256 units its route, if it has one.</param>
    /// <param name="time">Measures the period of the log throttle.</param>
    /// <param name="logger">Logs the requests that no route takes.</param>
    public UnitRoutes(string listener, ModbusFraming framing, Route?[] byUnit, TimeProvider time, ILogger logger)
    {
        _framing = framing;
        _byUnit = byUnit;
        _lost = new(
            time,
            first => LogLost(logger, listener, first.Address, first.Unit),
            (last, sum) => LogMoreLost(logger, listener, sum.Count, last.Address, last.Unit, sum.Seconds),
            fold: lost => lost with { Address = RemoteAddress.Others });
    }

    /// <summary>How many requests named a unit without a route.</summary>
    public long LostRequests => Interlocked.Read(ref _lostRequests);

    /// <summary>The route of a whole request; <see langword="null"/> if its unit has none.</summary>
    public Route? Find(in ReadOnlySequence<byte> request) => _byUnit[UnitOf(request)];

    /// <summary>Counts and logs a request whose unit has no route.</summary>
    public void CountLost(in ReadOnlySequence<byte> request, Client client)
    {
        Interlocked.Increment(ref _lostRequests);
        _lost.Add(new LostRequest(RemoteAddress.Of(client.RemoteEndPoint), UnitOf(request)));
    }

    public void Dispose() => _lost.Dispose();

    private byte UnitOf(in ReadOnlySequence<byte> request) =>
        _framing.Head(ModbusPdu.Join(request, stackalloc byte[ModbusFraming.HeadBytes])).Unit;

    [LoggerMessage(104, LogLevel.Warning, "Listener {Listener}: a request from {Address} to unit {Unit}, which has no route, ended as unavailable")]
    private static partial void LogLost(ILogger logger, string listener, object address, byte unit);

    [LoggerMessage(105, LogLevel.Warning, "Listener {Listener}: {Count} more requests from {Address} to units without a route, such as {Unit}, ended as unavailable within {Seconds} s")]
    private static partial void LogMoreLost(ILogger logger, string listener, long count, object address, byte unit, int seconds);

    private readonly record struct LostRequest(object Address, byte Unit);
}
