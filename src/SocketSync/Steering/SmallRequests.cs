using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace SocketSync;

/// <summary>Nobody has much to send here: a body of more than 1 KiB is refused, one that is not announced is read to see.</summary>
internal static class SmallRequests
{
    public const int MaxBodyBytes = 1024;

    /// <returns>The answer to one that is too large, or <see langword="null"/>.</returns>
    public static async ValueTask<IResult?> RefuseAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaxBodyBytes)
            return TooLarge();
        if (context.Request.ContentLength is not null || context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true })
            return null;

        try
        {
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
                limit.MaxRequestBodySize = MaxBodyBytes;
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            return null;
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return TooLarge();
        }
    }

    private static ProblemHttpResult TooLarge() =>
        TypedResults.Problem($"A request's body may have {MaxBodyBytes} bytes.", statusCode: StatusCodes.Status413PayloadTooLarge);
}
