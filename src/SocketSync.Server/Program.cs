using SocketSync;

return await ServerCommandLine.InvokeAsync(args);
