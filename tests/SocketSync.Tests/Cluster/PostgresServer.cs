using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace SocketSync.Tests;

/// <summary>A PostgreSQL with an empty database; it does not run as root, so that root starts it as the user <c>postgres</c>.</summary>
internal sealed class PostgresServer : StoreServer
{
    private static readonly string? Programs = Find();

    private PostgresServer()
    {
    }

    public override string Configuration => ConfigurationOf("postgres");

    protected override int StopSignal => Interrupt; // "fast": it does not wait for its clients

    protected override int CrashSignal => Quit; // "immediate"; a killed parent would leave its children

    private string Data => Path.Combine(Folder, "data");

    private string PortText => Port.ToString(CultureInfo.InvariantCulture);

    public static async Task<PostgresServer> RunAsync()
    {
        Require(Programs is not null, "PostgreSQL's initdb");
        var server = new PostgresServer();
        if (IsRoot()) await server.RunAsync(new("chown", ["postgres", server.Folder]));
        await server.RunAsync(AsUser("initdb", "-D", server.Data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "--no-instructions"));
        return await StartedAsync(server);
    }

    /// <summary>The connection string of another user.</summary>
    public string ConfigurationOf(string user) => $"Host=127.0.0.1;Port={PortText};Username={user};Database=postgres";

    public override Task EmptyAsync() => ExecuteAsync(
        "DO $$ DECLARE t text; BEGIN FOR t IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP EXECUTE 'TRUNCATE ' || t || ' CASCADE'; END LOOP; END $$");

    /// <summary>Executes statements as the administrator.</summary>
    public Task<string> ExecuteAsync(string sql) => RunAsync(new(
        Path.Combine(Programs!, "psql"),
        ["-h", "127.0.0.1", "-p", PortText, "-U", "postgres", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-q", "-t", "-A", "-c", sql]));

    /// <summary>Executes a file with statements as the administrator.</summary>
    public Task<string> ExecuteFileAsync(string path) => RunAsync(new(
        Path.Combine(Programs!, "psql"),
        ["-h", "127.0.0.1", "-p", PortText, "-U", "postgres", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-q", "-f", path]));

    protected override ProcessStartInfo Command() => AsUser(
        "postgres", "-D", Data, "-p", PortText, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
        "-c", "shared_buffers=16MB", "-c", "autovacuum=off", "-c", "max_wal_size=64MB");

    protected override async Task<bool> AnswersAsync()
    {
        using var process = Process.Start(new ProcessStartInfo(
            Path.Combine(Programs!, "pg_isready"), ["-q", "-h", "127.0.0.1", "-p", PortText, "-U", "postgres", "-d", "postgres"]))!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }

    private static ProcessStartInfo AsUser(string program, params IEnumerable<string> arguments)
    {
        var path = Path.Combine(Programs!, program);
        // It becomes the program, with the same process id.
        return IsRoot() ? new("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments]) : new(path, arguments);
    }

    // Debian has a folder for each version, of which only some programs are in the path.
    private static string? Find()
    {
        string[] versions = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        return versions.OrderDescending(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin"))
            .Concat(Environment.GetEnvironmentVariable("PATH")!.Split(':'))
            .FirstOrDefault(folder => Array.TrueForAll(["initdb", "postgres", "pg_isready", "psql"], program => File.Exists(Path.Combine(folder, program))));
    }

    private static bool IsRoot() => GetUser() == 0;

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint GetUser();
}
