namespace SocketSync.SamplePlugin;

/// <summary>Asks for what no server has.</summary>
public sealed class Demanding(Demanding.Wish wish) : IRequestProcessor
{
    public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) => throw new NotSupportedException(wish.Words);

    public sealed class Wish
    {
        private Wish() => Words = "granted";

        public string Words { get; }
    }
}
