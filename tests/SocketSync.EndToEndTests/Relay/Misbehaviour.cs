namespace SocketSync.EndToEndTests;

/// <summary>What a device does wrong: every seventh request, one kind after the other.</summary>
internal sealed class Misbehaviour
{
    private const int Seldom = 60;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Absence = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan TooLate = TimeSpan.FromMilliseconds(300);
    private static readonly byte[] Noise = [0x00, 0xFF, 0x0A, 0x01];

    private readonly Func<DeviceService, Task>[] _often;
    private readonly Func<DeviceService, Task>[] _seldom;

    /// <param name="often">Kinds that cost little time.</param>
    /// <param name="seldom">Kinds that cost a ReplyTimeout, or the link.</param>
    private Misbehaviour(Func<DeviceService, Task>[] often, Func<DeviceService, Task>[] seldom)
    {
        _often = often;
        _seldom = seldom;
    }

    /// <summary>A protocol whose replies carry an id can be sent anything at any time.</summary>
    public static Misbehaviour WithIds { get; } = new(
        [Delay, Twice, TwiceLater, Halves, ForeignFirst, UnaskedLater, NoiseBehind, Reset, HangUpBefore, HangUpBehind],
        [LateOnWhateverIsOpen, Silent, ForeignOnly, GoAway]);

    /// <summary>RTU has no id but the unit: what comes late on another connection than the request's could be its reply.</summary>
    public static Misbehaviour Rtu { get; } = new(
        [Delay, Twice, Halves, ForeignFirst, WrongChecksumFirst, NoiseBehind, Reset, HangUpBefore, HangUpBehind],
        [Late, Silent, WrongChecksumOnly, GoAway]);

    /// <summary>Nothing tells a line from another: no foreign one before the reply.</summary>
    public static Misbehaviour WithoutIds { get; } = new(
        [Delay, Twice, Halves, NoiseBehind, Reset, HangUpBefore, HangUpBehind],
        [Late, Silent, GoAway]);

    public Task ServeAsync(DeviceService service)
    {
        if (service.Number % 7 != 0) return service.AnswerAsync();
        var turn = service.Number / 7;
        var at = turn % Seldom * _seldom.Length;
        return at % Seldom < _seldom.Length
            ? _seldom[at / Seldom](service)
            : _often[turn % _often.Length](service);
    }

    private static async Task Delay(DeviceService service)
    {
        await Task.Delay(4 * Pause);
        await service.AnswerAsync();
    }

    private static Task Twice(DeviceService service) => service.AnswerAsync(service.Reply);

    private static async Task TwiceLater(DeviceService service)
    {
        await service.AnswerAsync();
        SendLater(service, service.Reply);
    }

    private static Task Halves(DeviceService service) => service.AnswerInHalvesAsync(2 * Pause);

    private static async Task ForeignFirst(DeviceService service)
    {
        await service.SendAsync(service.Device.Dialect.ForeignReply(service.Request));
        await service.AnswerAsync();
    }

    private static async Task UnaskedLater(DeviceService service)
    {
        await service.AnswerAsync();
        SendLater(service, service.Device.Dialect.ForeignReply(service.Request));
    }

    private static Task NoiseBehind(DeviceService service) => service.AnswerAsync(Noise);

    private static async Task WrongChecksumFirst(DeviceService service)
    {
        await service.SendAsync(WithWrongChecksum(service));
        await service.AnswerAsync();
    }

    private static async Task WrongChecksumOnly(DeviceService service)
    {
        await service.SendAsync(WithWrongChecksum(service));
        await Task.Delay(TooLate);
    }

    private static Task Reset(DeviceService service)
    {
        service.Reset();
        return Task.CompletedTask;
    }

    private static Task HangUpBefore(DeviceService service)
    {
        service.HangUp();
        return Task.CompletedTask;
    }

    private static async Task HangUpBehind(DeviceService service)
    {
        await service.AnswerAsync();
        service.HangUp();
    }

    private static async Task LateOnWhateverIsOpen(DeviceService service)
    {
        await Task.Delay(TooLate);
        await service.Device.SendAsync(service.Reply);
    }

    private static async Task Late(DeviceService service)
    {
        await Task.Delay(TooLate);
        await service.SendAsync(service.Reply);
    }

    private static Task Silent(DeviceService service) => Task.Delay(TooLate);

    private static async Task ForeignOnly(DeviceService service)
    {
        await service.SendAsync(service.Device.Dialect.ForeignReply(service.Request));
        await Task.Delay(TooLate);
    }

    private static async Task GoAway(DeviceService service)
    {
        service.Device.StopListening();
        service.HangUp();
        service.Device.EndConnections(reset: false);
        await Task.Delay(Absence);
        service.Device.Listen();
    }

    private static void SendLater(DeviceService service, byte[] bytes) => service.Device.Beside(async () =>
    {
        await Task.Delay(Pause);
        await service.Device.SendAsync(bytes);
    });

    private static byte[] WithWrongChecksum(DeviceService service) => [.. service.Reply[..^1], (byte)(service.Reply[^1] ^ 0xFF)];
}
