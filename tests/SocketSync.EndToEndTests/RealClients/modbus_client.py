"""A Modbus TCP client: PORT UNIT FIRST ROUNDS, as modbus_client.c is."""
import sys

from pymodbus.client import ModbusTcpClient

port, unit, first, rounds = map(int, sys.argv[1:])
client = ModbusTcpClient("127.0.0.1", port=port, timeout=10, retries=0)
if not client.connect():
    sys.exit("connect")

for turn in range(rounds):
    written = [first * 256 + turn + i for i in range(5)]
    reply = client.write_registers(first, written, slave=unit)
    if reply.isError():
        sys.exit(f"write: {reply}")
    reply = client.read_holding_registers(first, 5, slave=unit)
    if reply.isError():
        sys.exit(f"read: {reply}")
    if reply.registers != written:
        sys.exit(f"round {turn}: {reply.registers}, not {written}")

print("done", rounds)
client.close()
