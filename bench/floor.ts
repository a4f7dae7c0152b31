// The floor: a Node process with `ws` that does with SIP as little as can be done. It answers a REGISTER with a fixed 200 and
// hands every other message to the sender's neighbour as it is: no parser, no transaction, no routing, no credential.
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

const users = new Map<string, WebSocket>();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, backlog: 4096 });

server.on('connection', (socket) => {
  let neighbour = '';
  socket.on('message', (data: Buffer) => {
    const text = data.toString('latin1');
    if (!text.startsWith('REGISTER ')) {
      users.get(neighbour)?.send(text);
      return;
    }
    const [, name = '', number = ''] = /<sip:([a-z]+)(\d+)@/.exec(text) ?? [];
    users.set(name + number, socket);
    neighbour = name + (Number(number) ^ 1);
    socket.send(`SIP/2.0 200 OK${text.slice(text.indexOf('\r\n'))}`);
  });
});
server.on('listening', () => process.stdout.write(`ready ${(server.address() as AddressInfo).port}\n`));
