import type { Check } from './finding.ts';

const PATIENCE = 6_000;

/** STUN (RFC 8489): whether UDP gets to the server and back, and from which address the world sees this browser. */
export function stunCheck(url: string, place: string): Check {
  return {
    id: 'stun',
    subject: 'STUN over UDP',
    place,
    async run() {
      const { seen, failed } = await gather(url);
      if (seen !== undefined)
        return { outcome: 'ok', title: 'UDP gets through', meaning: `The world sees this browser at ${seen}.` };
      if (!failed)
        return {
          outcome: 'ok',
          title: 'No NAT was seen',
          meaning: 'The server sees this browser at its own address: it is in the same network.',
        };
      return {
        outcome: 'warning',
        title: 'STUN is not answered',
        meaning: 'Nothing came back over UDP, so this browser does not know its address in the world.',
        remedy: 'Calls then need a relay: see those below. On the way, UDP to this address has to be let through.',
      };
    },
  };
}

interface Gathered {
  /** Address as the server sees it. */
  seen: string | undefined;
  /** The browser says that the server cannot be reached. */
  failed: boolean;
}

async function gather(url: string): Promise<Gathered> {
  const connection = new RTCPeerConnection({ iceServers: [{ urls: url }] });
  try {
    return await new Promise<Gathered>((resolve) => {
      let failed = false;
      const timer = setTimeout(() => resolve({ seen: undefined, failed: true }), PATIENCE);
      const finish = (gathered: Gathered): void => {
        clearTimeout(timer);
        resolve(gathered);
      };
      connection.addEventListener('icecandidateerror', () => {
        failed = true;
      });
      connection.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate === null) finish({ seen: undefined, failed });
        else if (candidate.type === 'srflx') finish({ seen: candidate.address ?? 'an address of its own', failed });
      });
      connection.createDataChannel('check');
      void connection.setLocalDescription();
    });
  } finally {
    connection.close();
  }
}
