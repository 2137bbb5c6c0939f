/* A Modbus device with a hundred holding registers: "tcp PORT", one connection at a time, or "rtu LINE UNIT".
   Prints each request that is for it, in hex. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    int is_tcp = strcmp(argv[1], "tcp") == 0;
    modbus_t *device = is_tcp ? modbus_new_tcp("127.0.0.1", atoi(argv[2])) : modbus_new_rtu(argv[2], 19200, 'N', 8, 1);
    modbus_mapping_t *registers = modbus_mapping_new(0, 0, 100, 0);
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
    int listener = -1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!is_tcp) modbus_set_slave(device, atoi(argv[3]));
    if (is_tcp) listener = modbus_tcp_listen(device, 1);
    if (is_tcp ? listener < 0 : modbus_connect(device) < 0) {
        perror(argv[2]);
        return 1;
    }

    puts("ready");
    do {
        if (is_tcp) {
            if (modbus_tcp_accept(device, &listener) < 0) return 1;
            puts("connected");
        }

        for (;;) {
            int length = modbus_receive(device, request);
            if (length < 0 && (is_tcp || errno == EIO || errno == EBADF)) break;
            if (length <= 0) continue; /* damaged, or for another unit */
            for (int i = 0; i < length; i++) printf("%02x", request[i]);
            putchar('\n');
            modbus_reply(device, request, length, registers);
        }

        if (is_tcp) modbus_close(device);
    } while (is_tcp);
    return 0;
}
