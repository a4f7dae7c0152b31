// What the relay costs a packet without its sockets: microseconds of CPU (user and system, the collector's threads as well) for
// packets of 172 octets of payload over 40 calls by turns, each direction of each pair of legs for itself.
//   node tools/run.js bench/relay-core.ts [packets]
import { writeHeader } from '../src/protocol/rtp/header.ts';
import { PROFILES } from '../src/protocol/srtp/profile.ts';
import { SrtpSender } from '../src/protocol/srtp/sender.ts';
import { nodeDtlsCrypto } from '../src/server/media/dtls-crypto.ts';
import { ROOM } from '../src/server/media/relay/ports.ts';
import { Relay } from '../src/server/media/relay/relay.ts';
import { nodeSrtpCrypto } from '../src/server/media/srtp-crypto.ts';
import { nativeClock } from '../src/transport/clock.ts';
import { primitives } from '../src/transport/primitives.ts';
import { PHONE_KEY, phoneDescription } from '../test/support/relay-descriptions.ts';
import { DescribedBranch, OUR_CERTIFICATE } from '../test/support/relay-world.ts';

const PACKETS = Number(process.argv[2] ?? 60_000);
const ROUNDS = 5;
const CALLS = 40;
const PAYLOAD = 172;
const LENGTH = 12 + PAYLOAD;
const PHONE = { type: 'phone', address: '192.0.2.70' } as const;

let sent = 0;
const relay = new Relay(
  {
    clock: nativeClock,
    epoch: performance.timeOrigin,
    primitives,
    dtls: nodeDtlsCrypto,
    srtp: nodeSrtpCrypto,
    certificate: OUR_CERTIFICATE,
    send: () => {
      sent++;
    },
    sendMux: () => {
      sent++;
    },
    pathValid: () => {},
    pathGone: () => {},
    settled: () => {},
    unsettled: () => {},
    event: (event) => console.log(event),
  },
  { packetRate: 1e9 }, // it is measured as fast as it goes
);

/** The best of some rounds: others share this machine. */
function measure(name: string, each: (n: number) => void): void {
  let n = 0;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= ROUNDS; round++) {
    sent = 0;
    const before = process.cpuUsage();
    for (let packet = 0; packet < PACKETS; packet++) each(n++);
    const { user, system } = process.cpuUsage(before);
    if (sent !== PACKETS)
      throw new Error(`${name}: ${sent} of ${PACKETS} were relayed: ${JSON.stringify(relay.metrics)}`);
    if (round > 0) best = Math.min(best, (user + system) / PACKETS);
  }
  console.log(`${name.padEnd(40)}${best.toFixed(2).padStart(7)} us`);
}

function calls(caller: string, callee: string): DescribedBranch[] {
  return Array.from({ length: CALLS }, () => {
    const branch = new DescribedBranch(
      { relay },
      { ...PHONE, leg: { profile: 'RTP/AVP' } },
      { ...PHONE, leg: { profile: callee as 'RTP/AVP' } },
    );
    branch.offer('caller', phoneDescription({ profile: caller, port: 5004 }));
    branch.answer('callee', phoneDescription({ profile: callee, port: 6004 }));
    branch.confirm();
    return branch;
  });
}

const buffer = Buffer.alloc(2048 + ROOM);

function plain(branches: readonly DescribedBranch[]): (n: number) => void {
  const sockets = branches.map((branch) => branch.socket('caller'));
  return (n) => {
    writeHeader(buffer, 0, Math.floor(n / CALLS) & 0xffff, n, n % CALLS);
    relay.receive(sockets[n % CALLS]!, buffer, LENGTH, '192.0.2.70', 5004);
  };
}

/** Protected before, outside the measurement. */
function secret(branches: readonly DescribedBranch[]): (n: number) => void {
  const profile = 'SRTP_AES128_CM_HMAC_SHA1_80';
  const { key, tag } = PROFILES[profile];
  const octets = new Uint8Array(Buffer.from(PHONE_KEY, 'base64'));
  const master = { key: octets.subarray(0, key), salt: octets.subarray(key) };
  const size = LENGTH + tag;
  const ring = Buffer.alloc((ROUNDS + 1) * PACKETS * size, 0x55);
  const senders = branches.map(() => new SrtpSender({ crypto: nodeSrtpCrypto, profile, master }));
  for (let n = 0; n < (ROUNDS + 1) * PACKETS; n++) {
    writeHeader(buffer, 0, Math.floor(n / CALLS) & 0xffff, n, n % CALLS);
    senders[n % CALLS]!.protect(buffer, LENGTH);
    buffer.copy(ring, n * size, 0, size);
  }
  const sockets = branches.map((branch) => branch.socket('caller'));
  return (n) => {
    ring.copy(buffer, 0, n * size, n * size + size);
    relay.receive(sockets[n % CALLS]!, buffer, size, '192.0.2.70', 5004);
  };
}

measure('plain to plain', plain(calls('RTP/AVP', 'RTP/AVP')));
measure('plain to SRTP', plain(calls('RTP/AVP', 'RTP/SAVP')));
measure('SRTP to plain', secret(calls('RTP/SAVP', 'RTP/AVP')));
measure('SRTP to SRTP', secret(calls('RTP/SAVP', 'RTP/SAVP')));
process.exit(0);
