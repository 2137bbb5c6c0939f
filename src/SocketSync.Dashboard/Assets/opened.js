// Which details are open stands in the address: it survives a reload, and can be sent to somebody.
export function opened() {
    try { return location.hash.slice(1).split(',').filter(Boolean).map(decodeURIComponent); } catch { return []; } // mistyped
}

export function remember(names) {
    const hash = names.length > 0 ? `#${names.map(encodeURIComponent).join(',')}` : '';
    // The whole path, because the page's base may be another.
    history.replaceState(history.state, '', location.pathname + location.search + hash);
}
