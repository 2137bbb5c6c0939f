// What one thread of C can do for many devices: each port has a device of its own, to which its clients' lines are passed one at a time,
// in the order they came. No deadlines, no limits, no checks: the floor under every relay that does more.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 1024, EVENTS = 256 };
enum kind { LISTENER, CLIENT, DEVICE };

struct relay;

struct end {
    enum kind kind;
    int socket;
    struct relay *relay;
    struct end *next; // behind this client in the queue
    size_t length;    // of its line, or of the device's reply
    char bytes[SIZE];
};

struct relay {
    struct end listener, device;
    struct end *first, *last; // the clients that wait, the first of which has its turn
};

static int loop;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(struct end *end) {
    int on = 1;
    setsockopt(end->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = end };
    if (epoll_ctl(loop, EPOLL_CTL_ADD, end->socket, &event)) fail("epoll_ctl");
}

// A line of a benchmark always fits into the socket's buffer.
static void pass(struct end *from, int to) {
    if (send(to, from->bytes, from->length, MSG_NOSIGNAL) != (ssize_t)from->length && errno != EPIPE && errno != ECONNRESET) fail("send");
    from->length = 0;
}

static void asked(struct relay *relay, struct end *client) {
    client->next = NULL;
    if (relay->first) relay->last->next = client;
    else pass(client, relay->device.socket);
    if (!relay->first) relay->first = client;
    relay->last = client;
}

static void answered(struct relay *relay) {
    struct end *client = relay->first;
    if (!client) fail("a reply without a request");
    pass(&relay->device, client->socket);
    relay->first = client->next;
    if (relay->first) pass(relay->first, relay->device.socket);
}

static void receive(struct end *end) {
    ssize_t count = recv(end->socket, end->bytes + end->length, SIZE - end->length, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
        // A benchmark's client leaves when it has been answered, and its device stays.
        close(end->socket);
        if (end->kind == CLIENT) free(end);
        return;
    }
    end->length += (size_t)count;
    if (end->bytes[end->length - 1] != '\n') return;
    if (end->kind == CLIENT) asked(end->relay, end);
    else answered(end->relay);
}

static void admit(struct relay *relay) {
    int socket;
    while ((socket = accept4(relay->listener.socket, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct end *client = calloc(1, sizeof *client);
        if (!client) fail("calloc");
        client->kind = CLIENT;
        client->socket = socket;
        client->relay = relay;
        watch(client);
    }
}

static void start(struct relay *relay, int port, int device) {
    int on = 1;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    relay->device.kind = DEVICE;
    relay->device.relay = relay->listener.relay = relay;
    relay->listener.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(relay->listener.socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(relay->listener.socket, (struct sockaddr *)&address, sizeof address) || listen(relay->listener.socket, 4096)) fail("listen");
    address.sin_port = htons((uint16_t)device);
    relay->device.socket = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(relay->device.socket, (struct sockaddr *)&address, sizeof address)) fail("connect");
    watch(&relay->listener);
    watch(&relay->device);
}

int main(int count, char **arguments) {
    if (count != 4) return 2;
    int first = atoi(arguments[1]), relays = atoi(arguments[2]), device = atoi(arguments[3]);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files)) fail("getrlimit");
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct relay *all = calloc((size_t)relays, sizeof *all);
    struct epoll_event events[EVENTS];
    if ((loop = epoll_create1(0)) < 0 || !all) fail("epoll_create1");
    for (int i = 0; i < relays; i++) start(&all[i], first + i, device);
    for (;;) {
        int ready = epoll_wait(loop, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct end *end = events[i].data.ptr;
            if (end->kind == LISTENER) admit(end->relay);
            else receive(end);
        }
    }
}
