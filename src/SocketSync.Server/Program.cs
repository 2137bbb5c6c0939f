using SocketSync;

try
{
    return await ServerCommandLine.InvokeAsync(args);
}
finally
{
    StandardError.Close();
}
