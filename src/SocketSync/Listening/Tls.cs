using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync;

/// <summary>Connection middleware for TLS 1.2 and 1.3.</summary>
public static partial class TlsExtensions
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Adds TLS to a listener that does not serve HTTP. Middleware added after it sees decrypted bytes, and only connections whose
    /// handshake succeeded within 10 seconds. Certificates are reloaded when their files change.
    /// </summary>
    /// <param name="listener">The listener; its <see cref="ListenOptions.Protocols"/> are cleared: no application protocol is negotiated.</param>
    /// <param name="options">The certificate, and the requirements for client certificates.</param>
    /// <returns>The same listener.</returns>
    /// <exception cref="ArgumentException">The certificate's path is missing, or client certificates are required without an authority.</exception>
    /// <exception cref="CertificateFileException">A certificate file cannot be used.</exception>
    public static ListenOptions UseTls(this ListenOptions listener, TlsOptions options)
    {
        ArgumentNullException.ThrowIfNull(listener);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Certificate is not { Path: { Length: > 0 } path } files)
            throw new ArgumentException("The certificate's Path is required.", nameof(options));
        if (options.ClientCertificate == ClientCertificate.Require && string.IsNullOrEmpty(options.ClientAuthority))
            throw new ArgumentException("ClientCertificate 'Require' needs a ClientAuthority.", nameof(options));

        var services = listener.ApplicationServices;
        var logger = services.GetService<ILoggerFactory>()?.CreateLogger("SocketSync.Tls") ?? NullLogger.Instance;
        var time = services.GetService<TimeProvider>() ?? TimeProvider.System;

        var failures = new TlsFailures(time, logger);
        services.GetService<IHostApplicationLifetime>()?.ApplicationStopped.Register(failures.Dispose);

        string[] paths = string.IsNullOrEmpty(files.KeyPath) ? [path] : [path, files.KeyPath];
        var certificate = new CertificateReloader<SslStreamCertificateContext>(paths, () => Load(files, time, logger), logger);
        var authorities = options.ClientCertificate == ClientCertificate.Require
            ? new CertificateReloader<X509Certificate2Collection>(
                [options.ClientAuthority!], () => CertificateFiles.LoadAuthority(options.ClientAuthority!), logger)
            : null;
        var inUse = services.GetService<CertificatesInUse>() ?? new CertificatesInUse(time, logger);
        inUse.Add(certificate.Reread);
        if (authorities is not null) inUse.Add(authorities.Reread);

        // With the HTTP protocols left in place, a client that offers another one (ALPN) would be refused.
        listener.Protocols = HttpProtocols.None;
        listener.Use(next => connection => TellFailureAsync(next, connection, failures));
        listener.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = HandshakeTimeout,
            OnConnection = context => ValueTask.FromResult(
                Handshake(certificate.Current, authorities?.Current, context.Connection)),
        });
        listener.Use(next => connection =>
        {
            connection.Features.Set(HandshakeDone.Instance);
            return next(connection);
        });
        return listener;
    }

    private static SslServerAuthenticationOptions Handshake(
        SslStreamCertificateContext certificate, X509Certificate2Collection? authorities, BaseConnectionContext connection)
    {
        var handshake = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (authorities is null)
            return handshake;

        handshake.ClientCertificateRequired = true;
        handshake.CertificateChainPolicy = ClientPolicy(authorities);
        handshake.RemoteCertificateValidationCallback = (_, _, chain, errors) =>
        {
            if (errors == SslPolicyErrors.None)
                return true;

            connection.Features.Set(new HandshakeRefusal(Reason(chain, errors)));
            return false;
        };
        return handshake;
    }

    /// <summary>
    /// Trusts only the given authorities, not the system's, and fetches nothing from the network. SslStream also requires that an
    /// extended key usage, if the certificate has one, allows client authentication.
    /// </summary>
    private static X509ChainPolicy ClientPolicy(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private static string Reason(X509Chain? chain, SslPolicyErrors errors) =>
        errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable)
            ? "it showed no certificate"
            : "its certificate is not accepted: " + string.Join(", ", chain?.ChainStatus.Select(s => s.Status) ?? []);

    private static SslStreamCertificateContext Load(CertificateOptions files, TimeProvider time, ILogger logger)
    {
        var (certificate, chain) = CertificateFiles.Load(files);
        var notAfter = new DateTimeOffset(certificate.NotAfter).ToUniversalTime();
        if (notAfter <= time.GetUtcNow())
            LogExpired(logger, files.Path!, notAfter);
        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }

    private static async Task TellFailureAsync(ConnectionDelegate next, ConnectionContext connection, TlsFailures failures)
    {
        await next(connection);
        if (connection.Features.Get<HandshakeRefusal>() is { } refusal)
            failures.Refused(connection.RemoteEndPoint, refusal.Reason);
        else if (connection.Features.Get<HandshakeDone>() is null)
            failures.Failed(connection.RemoteEndPoint);
    }

    private sealed record HandshakeRefusal(string Reason);

    private sealed class HandshakeDone
    {
        public static readonly HandshakeDone Instance = new();
    }

    [LoggerMessage(134, LogLevel.Warning, "The certificate in {Path} expired at {NotAfter:u}: clients will refuse it")]
    private static partial void LogExpired(ILogger logger, string path, DateTimeOffset notAfter);
}

/// <summary>Logs failed TLS handshakes: Kestrel logs them only at Debug, each with a stack trace.</summary>
internal sealed partial class TlsFailures : IDisposable
{
    private readonly LogThrottle<HandshakeFailure> _log;

    public TlsFailures(TimeProvider time, ILogger logger) =>
        _log = new(
            time,
            first => Tell(logger, first),
            (last, sum) => SumUp(logger, last, sum),
            fold: failure => failure with { Address = RemoteAddress.Others });

    /// <summary>Logs that a client sent no certificate, or one that is not accepted.</summary>
    public void Refused(EndPoint? client, string reason) => _log.Add(new HandshakeFailure(RemoteAddress.Of(client), reason));

    /// <summary>Logs any other failure: the client does not speak TLS, does not trust the server, was too slow, or only probed the port.</summary>
    public void Failed(EndPoint? client) => _log.Add(new HandshakeFailure(RemoteAddress.Of(client), Reason: null));

    public void Dispose() => _log.Dispose();

    private static void Tell(ILogger logger, HandshakeFailure first)
    {
        if (first.Reason is { } reason)
            LogRefused(logger, first.Address, reason);
        else
            LogFailed(logger, first.Address);
    }

    private static void SumUp(ILogger logger, HandshakeFailure last, LogSum sum)
    {
        if (last.Reason is { } reason)
            LogMoreRefused(logger, sum.Count, last.Address, sum.Seconds, reason);
        else
            LogMoreFailed(logger, sum.Count, last.Address, sum.Seconds);
    }

    [LoggerMessage(130, LogLevel.Warning, "TLS: a client from {Address} is refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, object address, string reason);

    [LoggerMessage(131, LogLevel.Warning, "TLS: {Count} more clients from {Address} were refused within {Seconds} s: {Reason}")]
    private static partial void LogMoreRefused(ILogger logger, long count, object address, int seconds, string reason);

    [LoggerMessage(132, LogLevel.Information, "TLS: the handshake with a client from {Address} failed")]
    private static partial void LogFailed(ILogger logger, object address);

    [LoggerMessage(133, LogLevel.Information, "TLS: {Count} more handshakes with clients from {Address} failed within {Seconds} s")]
    private static partial void LogMoreFailed(ILogger logger, long count, object address, int seconds);

    private readonly record struct HandshakeFailure(object Address, string? Reason);
}
