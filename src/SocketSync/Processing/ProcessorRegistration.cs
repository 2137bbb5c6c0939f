namespace SocketSync;

/// <summary>A processor that a resource can name.</summary>
/// <param name="Name">The name that a resource's <c>Processor</c> gives.</param>
/// <param name="NeverBlocks">Whether it may run on a thread that moves bytes.</param>
/// <param name="AnswersAtOnce">Whether it is done when the call returns, so that earlier replies need not go out before it.</param>
/// <param name="Create">Makes the one instance of a resource.</param>
internal sealed record ProcessorRegistration(string Name, bool NeverBlocks, bool AnswersAtOnce, Func<IServiceProvider, IRequestProcessor> Create);
