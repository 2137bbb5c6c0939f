// What one thread of C can do: lines are echoed from an epoll loop, with one recv and one send for each batch. No queue, no limits, no
// fairness: the floor under every server that does more.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 65536, EVENTS = 256 };

struct client {
    int socket;
    size_t length; // what has come and is no whole line yet, or was not taken yet
    char bytes[SIZE];
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void leave(struct client *client) {
    close(client->socket);
    free(client);
}

// Sends all that is whole; waits in place for one that does not take it, which a benchmark's client always does.
static int answer(struct client *client) {
    char *end = memrchr(client->bytes, '\n', client->length);
    size_t whole = end ? (size_t)(end - client->bytes) + 1 : 0;
    for (size_t sent = 0; sent < whole;) {
        ssize_t count = send(client->socket, client->bytes + sent, whole - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN && errno != EINTR) return 0;
        if (count > 0) sent += (size_t)count;
    }
    client->length -= whole;
    memmove(client->bytes, client->bytes + whole, client->length);
    return client->length < SIZE;
}

static void serve(struct client *client) {
    ssize_t count = recv(client->socket, client->bytes + client->length, SIZE - client->length, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
        leave(client);
        return;
    }
    client->length += (size_t)count;
    if (!answer(client)) leave(client);
}

static void admit(int loop, int listener) {
    int socket;
    while ((socket = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        int on = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct client *client = malloc(sizeof *client);
        if (!client) fail("malloc");
        client->socket = socket;
        client->length = 0;
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
        if (epoll_ctl(loop, EPOLL_CTL_ADD, socket, &event)) fail("epoll_ctl");
    }
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) fail("listen");
    int loop = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL }, events[EVENTS];
    if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event)) fail("epoll");
    for (;;) {
        int ready = epoll_wait(loop, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr) serve(events[i].data.ptr);
            else admit(loop, listener);
        }
    }
}
