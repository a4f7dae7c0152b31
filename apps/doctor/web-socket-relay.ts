import { primitives } from '../../src/client/primitives.ts';
import { encodeUtf8 } from '../../src/protocol/byte-string.ts';
import { RelayProbe } from '../../src/protocol/turn/relay-probe.ts';
import { type Check, within } from './finding.ts';
import { opened } from './web-socket.ts';

const PATIENCE = 8_000;

/** TURN over WebSocket: what is left where nothing but the web gets through. Browsers' own calls cannot use it; programs can. */
export const webSocketRelayCheck: Check = {
  id: 'relay-websocket',
  subject: 'Relay over WebSocket',
  async run({ ws, username, password }) {
    const probe = new RelayProbe({ primitives, username: encodeUtf8(username), password: encodeUtf8(password) });
    const socket = new WebSocket(ws, 'turn');
    socket.binaryType = 'arraybuffer';
    try {
      await within(PATIENCE, opened(socket));
      const milliseconds = await within(PATIENCE, converse(socket, probe));
      return {
        outcome: 'ok',
        title: 'The relay works over WebSocket',
        meaning: 'A packet that was sent through it came back.',
        milliseconds,
      };
    } catch {
      return {
        outcome: 'warning',
        title: 'No relay over WebSocket',
        meaning:
          probe.refused === undefined
            ? 'Nothing came back. Calls of browsers do not need it.'
            : `The server says ${probe.refused}. Calls of browsers do not need it.`,
      };
    } finally {
      socket.close();
    }
  },
};

/** Resolves with the time that the relayed packet took; rejects when the server refuses. */
function converse(socket: WebSocket, probe: RelayProbe): Promise<number> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    const send = (): void => {
      sent = performance.now();
      socket.send(probe.outgoing as Uint8Array<ArrayBuffer>);
    };
    socket.addEventListener('message', ({ data }) => {
      const took = performance.now() - sent;
      if (probe.receive(new Uint8Array(data as ArrayBuffer))) send();
      if (probe.step === 'done') resolve(took);
      else if (probe.refused !== undefined) reject(new Error('refused'));
    });
    send();
  });
}
