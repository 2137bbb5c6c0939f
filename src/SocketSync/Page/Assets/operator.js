await Blazor.start({
    initializers: { beforeStart: [], afterStarted: [] },
    configureSignalR: (connection) => connection.withUrl('_page/hub', { skipNegotiation: true, transport: 1 }),
});
document.getElementById('connecting').remove();
