// Starts Blazor, and says so when the server is gone. Nothing here knows what the page shows.
const retryEvery = 1000;
const hub = '_page/hub';
const notice = document.getElementById('notice');
let isDown = false;

function tell(text) {
    notice.textContent = text;
    notice.hidden = !text;
    document.documentElement.classList.toggle('not-connected', Boolean(text));
}

const pause = () => new Promise((resolve) => setTimeout(resolve, retryEvery));

/** Why the server does not take this page: null where it would, or a reason; it says one itself if it can be reached. */
async function refusal() {
    try {
        const answer = await fetch(hub, { cache: 'no-store' });
        return answer.status === 503 ? await answer.text() : null;
    } catch {
        return 'The server is gone. What you see is from before. This page comes back by itself.';
    }
}

/** Waits until the server takes pages, and says meanwhile why it does not. */
async function admission() {
    for (let why = await refusal(); why; why = await refusal()) {
        tell(why);
        await pause();
    }
}

async function comeBack() {
    if (isDown) return;
    isDown = true;
    tell('The connection to the server is lost. What you see is from before. This page comes back by itself.');
    while (isDown) {
        await pause();
        await admission();
        try {
            // False: the server is there, but has been started anew, or has given this page up.
            if (isDown && !await Blazor.reconnect()) location.reload();
        } catch {
            // Gone again in between.
        }
    }
}

await admission();
tell('');
await Blazor.start({
    // Blazor's own lists, given here so that it does not ask the server for them.
    initializers: { beforeStart: [], afterStarted: [] },
    reconnectionHandler: {
        onConnectionDown: comeBack,
        onConnectionUp: () => { isDown = false; tell(''); },
    },
    configureSignalR: (connection) => connection
        .withUrl(hub, { skipNegotiation: true, transport: 1 }) // WebSockets only
        .configureLogging(5), // critical; that the server is gone is told above
});
