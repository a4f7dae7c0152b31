// What SRTP costs a packet: microseconds of CPU (user and system, the collector's threads as well) to protect and to unprotect
// 172 octets of payload over 40 sources by turns, beside the plainer ways to call node:crypto.
//   node tools/run.js bench/srtp.ts [packets]
import { createCipheriv, createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { writeHeader } from '../src/protocol/rtp/header.ts';
import { PROFILES, type SrtpProfile } from '../src/protocol/srtp/profile.ts';
import { SrtpReceiver } from '../src/protocol/srtp/receiver.ts';
import { SrtpSender } from '../src/protocol/srtp/sender.ts';
import { nodeSrtpCrypto } from '../src/server/media/srtp-crypto.ts';

const PACKETS = Number(process.argv[2] ?? 60_000);
const ROUNDS = 5;
const PAYLOAD = 172;
const SOURCES = 40;
const LENGTH = 12 + PAYLOAD;

/** The best of some rounds: others share this machine. */
function measure(name: string, each: (n: number) => void, count = PACKETS): void {
  let n = 0;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let packet = 0; packet < count; packet++) each(n++);
    const { user, system } = process.cpuUsage(before);
    if (round > 0) best = Math.min(best, (user + system) / count);
  }
  console.log(`${name.padEnd(58)}${best.toFixed(2).padStart(7)} us`);
}

function sequence(n: number): number {
  return Math.floor(n / SOURCES) & 0xffff;
}

for (const profile of Object.keys(PROFILES) as SrtpProfile[]) {
  const { key, salt } = PROFILES[profile];
  const options = { crypto: nodeSrtpCrypto, profile, master: { key: randomBytes(key), salt: randomBytes(salt) } };

  // One session a call, as in a relay.
  const sessions = Array.from({ length: SOURCES }, () => new SrtpSender(options));
  const packet = Buffer.alloc(2048, 0x55);
  measure(`${profile} protect`, (n) => {
    writeHeader(packet, 0, sequence(n), n, n % SOURCES);
    if (sessions[n % SOURCES]!.protect(packet, LENGTH) < 0) throw new Error('not protected');
  });

  // Made before, outside the measurement: a ring as long as a round, and a receiver that has not seen it for each round.
  const sender = new SrtpSender(options);
  const size = LENGTH + PROFILES[profile].tag;
  const ring = Buffer.alloc(PACKETS * size);
  for (let n = 0; n < PACKETS; n++) {
    writeHeader(packet, 0, sequence(n), n, n % SOURCES);
    sender.protect(packet, LENGTH);
    packet.copy(ring, n * size, 0, size);
  }
  let receivers: SrtpReceiver[] = [];
  measure(`${profile} unprotect`, (n) => {
    const at = n % PACKETS;
    if (at === 0) receivers = Array.from({ length: SOURCES }, () => new SrtpReceiver(options));
    ring.copy(packet, 0, at * size, at * size + size);
    if (receivers[n % SOURCES]!.unprotect(packet, size) < 0) throw new Error('not authentic');
  });
  const last = Buffer.from(ring.subarray(0, size));
  // A sequence number that is not known yet: else it is refused before any cryptography.
  last.writeUInt16BE(sequence(PACKETS) + 100, 2);
  measure(`${profile} refuse a forged packet`, () => {
    last.copy(packet);
    receivers[0]!.unprotect(packet, size);
  });
}

const created = { crypto: nodeSrtpCrypto, profile: 'SRTP_AES128_CM_HMAC_SHA1_80' } as const;
const master = { key: randomBytes(16), salt: randomBytes(14) };
measure(
  'a sender and a receiver made for a call',
  () => {
    new SrtpSender({ ...created, master });
    new SrtpReceiver({ ...created, master });
  },
  1000,
);

const key = randomBytes(16);
const secret = createSecretKey(key);
const mac = createSecretKey(randomBytes(20));
const iv = Buffer.alloc(16);
const payload = randomBytes(PAYLOAD);
console.log();
measure('aes-128-ctr, a cipher a packet, raw key', () => createCipheriv('aes-128-ctr', key, iv).update(payload));
measure('aes-128-ctr, a cipher a packet, KeyObject', () => createCipheriv('aes-128-ctr', secret, iv).update(payload));
measure('createHmac sha1, KeyObject', () => createHmac('sha1', mac).update(payload).digest());
const signer = nodeSrtpCrypto.hmacSha1(randomBytes(20));
const tag = new Uint8Array(20);
measure('HMAC-SHA1 as two one-shot hashes', () => signer.sign(payload, PAYLOAD, tag));
