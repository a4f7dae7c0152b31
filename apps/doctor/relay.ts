import { type Check, median, within } from './finding.ts';

const PATIENCE = 12_000;
const PINGS = 9;

export type RelayTransport = 'udp' | 'tcp' | 'tls';

const NAMES: Record<RelayTransport, string> = { udp: 'UDP', tcp: 'TCP', tls: 'TLS' };

/**
 * A relay of one transport: two peer connections of this page that may use nothing else have a data channel through it.
 * What goes there and back goes to the server and back twice.
 */
export function relayCheck(transport: RelayTransport, url: string, place: string): Check {
  const name = NAMES[transport];
  return {
    id: `relay-${url}`,
    subject: `Relay over ${name}`,
    place,
    async run({ username, password }) {
      const trial = new RelayTrial({ urls: url, username, credential: password });
      try {
        const milliseconds = (await within(PATIENCE, trial.roundTrip())) / 2;
        return {
          outcome: 'ok',
          title: `The relay works over ${name}`,
          meaning: 'What this page sent through it came back.',
          milliseconds,
        };
      } catch {
        return failure(transport, place, trial);
      } finally {
        trial.close();
      }
    },
  };
}

function failure(transport: RelayTransport, place: string, { errors, allocated }: RelayTrial) {
  const name = NAMES[transport];
  if (allocated)
    return {
      outcome: 'problem' as const,
      title: 'The relay carries nothing',
      meaning: `There is a relayed address over ${name}, but what is sent through it does not arrive.`,
      remedy: 'For the administrator: "chappe doctor" on the server tells more.',
    };
  if ([400, 401, 403, 438, 486, 508].some((code) => errors.has(code)))
    return {
      outcome: 'problem' as const,
      title: 'The relay refuses',
      meaning: `It is reached over ${name}, and says ${[...errors].join(', ')}.`,
      remedy: 'For the administrator: "chappe doctor" on the server tells more.',
    };
  if (/^(?:127\.|localhost|\[::1\])/.test(place))
    return {
      outcome: 'warning' as const,
      title: 'The relay is on this machine',
      meaning: 'The server listens on loopback only, where browsers look for no relay, and need none.',
    };
  return {
    outcome: 'warning' as const,
    title: `${name} is blocked`,
    meaning: `Nothing came back from ${place} over ${name}.`,
    remedy:
      transport === 'udp'
        ? 'Calls go by another relay below, with more delay where packets are lost. Let UDP to this address through.'
        : `Let ${name} to this address through the firewall.`,
  };
}

class RelayTrial {
  /** STUN and ICE error codes that the browser told of; 701: the server cannot be reached. */
  readonly errors = new Set<number>();
  allocated = false;
  readonly #one: RTCPeerConnection;
  readonly #two: RTCPeerConnection;

  constructor(server: RTCIceServer) {
    this.#one = this.#connection(server);
    this.#two = this.#connection(server);
    forward(this.#one, this.#two);
    forward(this.#two, this.#one);
  }

  /** Milliseconds from this page to itself and back. Rejects when no candidate was had. */
  async roundTrip(): Promise<number> {
    const [one, two] = [this.#one, this.#two];
    const channel = one.createDataChannel('check', { ordered: false });
    two.addEventListener('datachannel', ({ channel: echo }) => {
      echo.addEventListener('message', ({ data }) => echo.send(data));
    });
    const open = new Promise<void>((resolve) => channel.addEventListener('open', () => resolve(), { once: true }));
    await one.setLocalDescription();
    await two.setRemoteDescription(one.localDescription as RTCSessionDescription);
    await two.setLocalDescription();
    await one.setRemoteDescription(two.localDescription as RTCSessionDescription);
    await Promise.race([open, this.#nothingGathered()]);
    const times: number[] = [];
    for (let i = 0; i < PINGS; i++) {
      const begun = performance.now();
      const back = new Promise((resolve) => channel.addEventListener('message', resolve, { once: true }));
      channel.send(String(i));
      await back;
      times.push(performance.now() - begun);
    }
    return median(times);
  }

  close(): void {
    this.#one.close();
    this.#two.close();
  }

  #connection(server: RTCIceServer): RTCPeerConnection {
    const connection = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: 'relay' });
    connection.addEventListener('icecandidateerror', ({ errorCode }) => this.errors.add(errorCode));
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate?.type === 'relay') this.allocated = true;
    });
    return connection;
  }

  #nothingGathered(): Promise<never> {
    return new Promise((_resolve, reject) => {
      this.#one.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate === null && !this.allocated) reject(new Error('no candidate'));
      });
    });
  }
}

function forward(from: RTCPeerConnection, to: RTCPeerConnection): void {
  from.addEventListener('icecandidate', ({ candidate }) => {
    if (candidate !== null) void to.addIceCandidate(candidate).catch(() => {});
  });
}
