// Which colours this browser's user has chosen; null: those of the system.
const key = 'socketsync-theme';

export function chosen() {
    try { return localStorage.getItem(key); } catch { return null; } // storage may be forbidden
}

export function choose(theme) {
    try { localStorage.setItem(key, theme); } catch { /* it then holds until the page is closed */ }
}
