using Microsoft.Extensions.Logging;

namespace SocketSync;

internal static partial class ConfigurationLog
{
    [LoggerMessage(1201, LogLevel.Warning, "The changed configuration is not applied, the old settings stay: {Problem}")]
    public static partial void NotApplied(this ILogger logger, string problem);

    [LoggerMessage(1202, LogLevel.Warning, "The configuration has changed, but this needs a restart: {Change}")]
    public static partial void NeedsRestart(this ILogger logger, string change);

    [LoggerMessage(1203, LogLevel.Information, "The changed configuration is applied to {Resources}, from the next turn on")]
    public static partial void Applied(this ILogger logger, string resources);

    [LoggerMessage(1204, LogLevel.Error, "The changed configuration could not be applied, the old settings stay")]
    public static partial void ReloadFailed(this ILogger logger, Exception exception);
}
