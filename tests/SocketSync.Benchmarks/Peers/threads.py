"""A thread per client and a lock around each request: lines are echoed, one at a time over all clients."""

import socket
import sys
import threading

turn = threading.Lock()


def handle(request):
    return request  # what a turn would do


def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    rest = b""  # the beginning of a line whose end has not come
    try:
        while data := connection.recv(65536):
            lines = (rest + data).splitlines(keepends=True)
            rest = b"" if lines[-1].endswith(b"\n") else lines.pop()
            replies = []
            for line in lines:
                with turn:
                    replies.append(handle(line))
            if replies:
                connection.sendall(b"".join(replies))
    except ConnectionError:
        pass
    finally:
        connection.close()


host, port = sys.argv[1], int(sys.argv[2])
with socket.create_server((host, port), backlog=4096) as listener:
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()
