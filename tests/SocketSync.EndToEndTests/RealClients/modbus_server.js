// A Modbus TCP device with holding registers: PORT.
const { ServerTCP } = require('modbus-serial');

const registers = new Map();
const device = {
  getHoldingRegister: (address) => registers.get(address) ?? 0,
  setRegister: (address, value) => void registers.set(address, value),
};
const server = new ServerTCP(device, { host: '127.0.0.1', port: Number(process.argv[2]), unitID: 255 });
server.on('socketError', () => {}); // a client that is reset is none of its business
