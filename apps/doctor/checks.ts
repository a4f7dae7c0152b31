import type { Credentials } from '../../src/client/index.ts';
import { deviceCheck } from './devices.ts';
import type { Check } from './finding.ts';
import { type RelayTransport, relayCheck } from './relay.ts';
import { stunCheck } from './stun.ts';
import { webSocketCheck } from './web-socket.ts';
import { webSocketRelayCheck } from './web-socket-relay.ts';

/** More servers than that say nothing new. */
const MOST_RELAYS = 6;

/** What can be tried with these servers; `later` may have the browser ask the person something. */
export function checksFor(credentials: Credentials): { network: Check[]; later: Check[] } {
  const urls = (credentials.iceServers ?? []).flatMap((server) => server.urls);
  const stun = urls.find((url) => url.startsWith('stun:'));
  const relays = urls.flatMap((url) => {
    const transport = relayTransport(url);
    return transport === undefined ? [] : [relayCheck(transport, url, placeOf(url))];
  });
  return {
    network: [
      webSocketCheck,
      ...(stun === undefined ? [] : [stunCheck(stun, placeOf(stun))]),
      ...relays.slice(0, MOST_RELAYS),
      webSocketRelayCheck,
    ],
    later: [deviceCheck('microphone'), deviceCheck('camera')],
  };
}

/** Of a `turn:` or `turns:` URI (RFC 7065); undefined: it is another one. */
export function relayTransport(url: string): RelayTransport | undefined {
  if (url.startsWith('turns:')) return 'tls';
  if (!url.startsWith('turn:')) return undefined;
  return url.includes('transport=tcp') ? 'tcp' : 'udp';
}

/** `rtc.example.test:3478`. */
function placeOf(url: string): string {
  return url.replace(/^\w+:/, '').replace(/\?.*$/, '');
}
