# Completes the commands and options of SocketSync.Server in bash:  source completion.bash
# The server itself says what fits: its directive [suggest:N] takes a line, without the program, and a place in it.
_socketsync()
{
    local line=${COMP_LINE:${#1}+1} place=$((COMP_POINT - ${#1} - 1))
    mapfile -t COMPREPLY < <(compgen -W "$("$1" "[suggest:$place]" "$line" 2>/dev/null)" -- "$2")
}
complete -o default -F _socketsync SocketSync.Server
