// Starts Blazor, and says so when the server is gone. Nothing here knows what the page shows.
const retryEvery = 1000;
const notice = document.getElementById('notice');
let isDown = false;

function tell(text) {
    notice.textContent = text;
    notice.hidden = !text;
    document.documentElement.classList.toggle('not-connected', Boolean(text));
}

const pause = () => new Promise((resolve) => setTimeout(resolve, retryEvery));

/** Why the server does not take this page: it says so itself, if it can be reached. */
async function reason() {
    try {
        const answer = await fetch('_page/hub', { cache: 'no-store' });
        return answer.status === 503 ? await answer.text() : '';
    } catch {
        return '';
    }
}

async function reconnect() {
    if (isDown) return;
    isDown = true;
    tell('The server is gone. What you see is from before. This page comes back by itself.');
    while (isDown) {
        await pause();
        try {
            // False: the server is there, but is another one, or has given up this page.
            if (isDown && !await Blazor.reconnect()) location.reload();
        } catch {
            const why = await reason();
            if (why) tell(why);
        }
    }
}

const started = Blazor.start({
    // Blazor's own list, given here so that it does not ask the server for one.
    initializers: { beforeStart: [], afterStarted: [] },
    reconnectionHandler: {
        onConnectionDown: reconnect,
        onConnectionUp: () => { isDown = false; tell(''); },
    },
    configureSignalR: (connection) => connection
        .withUrl('_page/hub', { skipNegotiation: true, transport: 1 }) // WebSockets only
        .configureLogging(4), // errors
});

started.catch(() => undefined);
