/* A Modbus TCP client: PORT UNIT FIRST ROUNDS. In each round it writes five registers from FIRST on, reads them, and looks whether
   they hold what it has written. */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>

enum { REGISTERS = 5 };

static int fail(modbus_t *device, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, modbus_strerror(errno));
    modbus_free(device);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 5) return 2;
    int first = atoi(argv[3]), rounds = atoi(argv[4]);
    modbus_t *device = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    modbus_set_slave(device, atoi(argv[2]));
    modbus_set_response_timeout(device, 10, 0);
    if (modbus_connect(device) < 0) return fail(device, "connect");

    for (int round = 0; round < rounds; round++) {
        uint16_t written[REGISTERS], read[REGISTERS];
        for (int i = 0; i < REGISTERS; i++) written[i] = (uint16_t)(first * 256 + round + i);
        if (modbus_write_registers(device, first, REGISTERS, written) != REGISTERS) return fail(device, "write");
        if (modbus_read_registers(device, first, REGISTERS, read) != REGISTERS) return fail(device, "read");
        for (int i = 0; i < REGISTERS; i++) {
            if (read[i] == written[i]) continue;
            fprintf(stderr, "round %d, register %d: %d, not %d\n", round, first + i, read[i], written[i]);
            return 1;
        }
    }

    printf("done %d\n", rounds);
    modbus_close(device);
    modbus_free(device);
    return 0;
}
