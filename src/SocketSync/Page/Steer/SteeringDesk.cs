namespace SocketSync;

internal enum SteeringAnswer
{
    Done,
    NoTokenConfigured,
    WrongToken,

    /// <summary>There is no such resource or client any more.</summary>
    Gone,
}

/// <summary>One viewer's means to steer: the token that was entered lives here, as long as the page is open, and nowhere else.</summary>
internal sealed class SteeringDesk(OperatorActions steering, AdminToken admin, TimeProvider time)
{
    /// <summary>Long enough to make guessing hopeless.</summary>
    private static readonly TimeSpan WrongTokenPause = TimeSpan.FromSeconds(1);

    private string? _token;

    public bool IsConfigured => admin.IsConfigured;

    /// <summary>Whether the token that was entered is right; it may have been changed since.</summary>
    public bool IsUnlocked => admin.Matches(_token);

    /// <summary>What the viewer is being asked about.</summary>
    public SteeringAction? Pending { get; set; }

    public void Forget() => _token = null;

    /// <param name="action">What to do.</param>
    /// <param name="token">What was entered, where nothing right was before.</param>
    public async Task<SteeringAnswer> DoAsync(SteeringAction action, string? token)
    {
        if (!IsConfigured)
            return SteeringAnswer.NoTokenConfigured;
        if (!IsUnlocked)
        {
            if (!admin.Matches(token))
            {
                await Task.Delay(WrongTokenPause, time);
                return SteeringAnswer.WrongToken;
            }

            _token = token;
        }

        var isDone = action.Verb switch
        {
            SteeringVerb.Pause => steering.Pause(action.Target),
            SteeringVerb.Resume => steering.Resume(action.Target),
            _ => steering.Close(action.Target),
        };
        return isDone ? SteeringAnswer.Done : SteeringAnswer.Gone;
    }
}
