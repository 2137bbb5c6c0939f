"""A Modbus TCP device with a thousand holding registers: PORT."""
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartTcpServer

registers = ModbusSlaveContext(hr=ModbusSequentialDataBlock(0, [0] * 1000), zero_mode=True)
StartTcpServer(context=ModbusServerContext(slaves=registers, single=True), address=("127.0.0.1", int(sys.argv[1])))
