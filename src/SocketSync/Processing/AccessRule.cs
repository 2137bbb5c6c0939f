namespace SocketSync;

/// <summary>
/// One rule of who may ask for what. What it cannot tell of a request fits if the rule denies, and does not if it allows: no request is
/// let through because nobody understood it.
/// </summary>
internal sealed class AccessRule
{
    private readonly string[] _listeners;
    private readonly string[] _roles;
    private readonly NetworkSet? _networks;
    private readonly NumberRanges? _units;
    private readonly NumberRanges? _registers;
    private readonly bool[]? _functions;
    private readonly CommandPattern[] _commands;
    private readonly bool[] _broadcasts;

    /// <param name="options">The rule, validated.</param>
    /// <param name="broadcasts">For each unit whether what a client sends to it reaches all.</param>
    public AccessRule(AccessOptions options, bool[] broadcasts)
    {
        _listeners = [.. options.Listeners];
        _roles = [.. options.Roles];
        _networks = options.Networks.Count == 0 ? null : NetworkSet.Parse(options.Networks);
        _units = options.Units is { } units ? NumberRanges.Parse(units) : null;
        _registers = options.Registers is { } registers ? NumberRanges.Parse(registers) : null;
        _functions = options.Functions.Count == 0 ? null : FunctionsOf(options.Functions);
        _commands = [.. options.Commands.Select(command => new CommandPattern(command))];
        _broadcasts = broadcasts;
        Allow = options.Allow ?? false;
    }

    public bool Allow { get; }

    /// <summary>What becomes of a request that the rule fits; <see langword="null"/>: it is allowed.</summary>
    public Outcome? Verdict => Allow ? null : _registers is null ? Outcome.Denied : Outcome.DeniedAddress;

    /// <summary>Whether the rule fits by the request, and not by the client alone.</summary>
    public bool LooksAtRequest => LooksAtModbus || _commands.Length > 0;

    /// <summary>Whether the rule is for clients of this listener.</summary>
    public bool TakesFrom(string listener) => _listeners.Length == 0 || _listeners.Contains(listener, StringComparer.OrdinalIgnoreCase);

    private bool LooksAtModbus => _units is not null || _functions is not null || _registers is not null;

    /// <summary>Whether the rule can fit requests of this client, which come through this listener, with this role.</summary>
    public bool FitsClient(Client client, string? role) =>
        TakesFrom(client.Listener)
        && (_networks is null || (client.Address is { } address && _networks.Contains(address)))
        && (_roles.Length == 0 || (role is not null && _roles.Contains(role, StringComparer.Ordinal)));

    public bool Fits(in ModbusRequest request)
    {
        if (_commands.Length > 0 || (LooksAtModbus && !request.IsWhole)) return !Allow;
        return FitsUnit(request.Unit) && (_functions is null || _functions[request.Function]) && FitsRegisters(request);
    }

    /// <summary>Whether the rule fits a command, with <paramref name="path"/> in front of it.</summary>
    public bool Fits(bool isScpi, ReadOnlySpan<byte> path, ReadOnlySpan<byte> command)
    {
        if (LooksAtModbus) return !Allow;
        if (_commands.Length == 0) return true;
        foreach (var pattern in _commands)
        {
            if (pattern.IsMatch(isScpi, path, command)) return true;
        }

        return false;
    }

    /// <summary>Whether the rule fits a request of which nothing can be told.</summary>
    public bool FitsUntold() => !LooksAtRequest || !Allow;

    /// <summary>Whether every intelligible request that the other rule fits is fit by this one too, so that behind it the other has nothing to decide.</summary>
    /// <param name="later">The other rule.</param>
    /// <param name="reaching">The listeners through which clients come.</param>
    /// <param name="isScpi">Whether commands are those of SCPI.</param>
    public bool Covers(AccessRule later, IReadOnlyCollection<string> reaching, bool isScpi) =>
        reaching.Where(later.TakesFrom).All(TakesFrom)
        && (_networks is null || (later._networks is not null && _networks.Contains(later._networks)))
        && (_roles.Length == 0 || (later._roles.Length > 0 && later._roles.All(role => _roles.Contains(role, StringComparer.Ordinal))))
        && (_units is null || (later._units is not null && _units.Contains(later._units) && (later.Allow || !Allow || ReachesAllOnly(_units))))
        && (_functions is null || (later._functions is not null && !later._functions.Where((has, function) => has && !_functions[function]).Any()))
        && (_registers is null || (later._registers is not null && _registers.Contains(later._registers) && !(Allow && !later.Allow)))
        && (_commands.Length == 0 || (later._commands.Length > 0 && later._commands.All(one => _commands.Any(pattern => pattern.Covers(one, isScpi)))));

    /// <summary>Whether these units are all that a broadcast can be sent to.</summary>
    private bool ReachesAllOnly(NumberRanges units) => !_broadcasts.Where((all, unit) => all && !units.Contains(unit)).Any();

    private bool FitsUnit(byte unit) => _units is null || _units.Contains(unit) || (!Allow && _broadcasts[unit]);

    private bool FitsRegisters(in ModbusRequest request)
    {
        if (_registers is null) return true;
        return request.Addresses switch
        {
            ModbusAddresses.Known when Allow => IsWithin(request.First) && IsWithin(request.Second),
            ModbusAddresses.Known => Overlaps(request.First) || Overlaps(request.Second),
            ModbusAddresses.None => false,
            _ => !Allow,
        };
    }

    private bool IsWithin(AddressRange range) => _registers!.Contains(range.First, range.Last);

    private bool Overlaps(AddressRange range) => _registers!.Overlaps(range.First, range.Last);

    private static bool[] FunctionsOf(IEnumerable<string> names)
    {
        var functions = new bool[byte.MaxValue + 1];
        foreach (var name in names)
        {
            if (ModbusFunctionAttribute.TryParse(name, out var number)) functions[number] = true;
            else
            {
                var isRead = ModbusFunctionAttribute.IsName(name, ModbusFunctionAttribute.Read);
                for (var function = 0; function < functions.Length; function++) functions[function] |= ModbusRequest.IsRead((byte)function) == isRead;
            }
        }

        return functions;
    }
}
