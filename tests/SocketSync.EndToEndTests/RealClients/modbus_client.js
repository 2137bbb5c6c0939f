// A Modbus TCP client: PORT UNIT FIRST ROUNDS, as modbus_client.c is.
const ModbusRTU = require('modbus-serial');

async function main([port, unit, first, rounds]) {
  const client = new ModbusRTU();
  await client.connectTCP('127.0.0.1', { port });
  client.setID(unit);
  client.setTimeout(10000);
  for (let turn = 0; turn < rounds; turn++) {
    const written = [0, 1, 2, 3, 4].map((i) => first * 256 + turn + i);
    await client.writeRegisters(first, written);
    const { data } = await client.readHoldingRegisters(first, written.length);
    if (`${data}` !== `${written}`) throw new Error(`round ${turn}: ${data}, not ${written}`);
  }
  console.log('done', rounds);
  client.close(() => process.exit(0));
}

main(process.argv.slice(2).map(Number)).catch((error) => {
  console.error(error);
  process.exit(1);
});
