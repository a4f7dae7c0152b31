import { handshakeUrl } from '../../src/client/credentials.ts';
import { type Check, median, within } from './finding.ts';

const PATIENCE = 10_000;
const PINGS = 5;

/** Signalling: a WebSocket with the subprotocol `sip`, and its keep-alive (RFC 7118 section 6) there and back. */
export const webSocketCheck: Check = {
  id: 'websocket',
  subject: 'WebSocket',
  async run(credentials) {
    const socket = new WebSocket(handshakeUrl(credentials), 'sip');
    try {
      await within(PATIENCE, opened(socket));
      const times: number[] = [];
      for (let i = 0; i < PINGS; i++) {
        const begun = performance.now();
        const pong = new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }));
        socket.send('\r\n\r\n');
        await within(PATIENCE, pong);
        times.push(performance.now() - begun);
      }
      return {
        outcome: 'ok',
        title: 'Calls can be signalled',
        meaning: 'The connection comes up, and the server answers.',
        milliseconds: median(times),
      };
    } catch {
      return {
        outcome: 'problem',
        title: 'No WebSocket to the server',
        meaning: 'The page loads, but the connection that calls and messages need does not come up or carries nothing.',
        remedy:
          'A proxy or filter between you and the server drops WebSockets: let it pass "Upgrade: websocket", or use https.',
      };
    } finally {
      socket.close();
    }
  },
};

export function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('close', () => reject(new Error('closed')), { once: true });
  });
}
