// One thread, so one request at a time: lines are echoed, those that came together in one write.
'use strict';
const net = require('node:net');

const [host, port] = process.argv.slice(2);
const newline = 10;

function handle(request) {
  return request; // what a turn would do
}

net.createServer({ noDelay: true }, (socket) => {
  let rest = null; // the beginning of a line whose end has not come
  socket.on('error', () => socket.destroy());
  socket.on('data', (data) => {
    if (rest !== null) data = Buffer.concat([rest, data]);
    const replies = [];
    let start = 0;
    for (let end; (end = data.indexOf(newline, start)) !== -1; start = end + 1) {
      replies.push(handle(data.subarray(start, end + 1)));
    }
    rest = start < data.length ? data.subarray(start) : null;
    if (replies.length === 1) socket.write(replies[0]);
    else if (replies.length > 1) socket.write(Buffer.concat(replies));
  });
}).listen({ host, port: Number(port), backlog: 4096 });
