// SRTP against FFmpeg's own implementation, which is neither OpenSSL's nor libsrtp's: it sends to us, and hears us.
import { createSocket, type Socket } from 'node:dgram';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRtcp } from '../../src/protocol/rtp/demultiplex.ts';
import { headerLength, payloadType, writeHeader } from '../../src/protocol/rtp/header.ts';
import { ntpTime } from '../../src/protocol/rtp/ntp.ts';
import { parseCompound, serializeCompound } from '../../src/protocol/rtp/rtcp/compound.ts';
import type { SrtpOptions } from '../../src/protocol/srtp/context.ts';
import { SrtpReceiver } from '../../src/protocol/srtp/receiver.ts';
import { SrtpSender } from '../../src/protocol/srtp/sender.ts';
import { nodeSrtpCrypto } from '../../src/server/media/srtp-crypto.ts';
import { describeWith, peerPath } from '../support/peer.ts';
import { Program } from '../support/program.ts';

const MASTER = Uint8Array.from({ length: 30 }, (_, index) => (index * 37) & 255);
const INLINE = Buffer.from(MASTER).toString('base64');
const options: SrtpOptions = {
  crypto: nodeSrtpCrypto,
  profile: 'SRTP_AES128_CM_HMAC_SHA1_80',
  master: { key: MASTER.subarray(0, 16), salt: MASTER.subarray(16) },
};

/** Two sockets on neighbouring ports: FFmpeg does not multiplex. */
async function portPair(): Promise<{ rtp: Socket; rtcp: Socket; port: number }> {
  for (;;) {
    const rtp = await bound(0);
    const { port } = rtp!.address();
    const rtcp = port % 2 === 0 ? await bound(port + 1) : undefined;
    if (rtcp) return { rtp: rtp!, rtcp, port };
    rtp!.close();
  }
}

function bound(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(undefined));
    socket.bind(port, '127.0.0.1', () => resolve(socket));
  });
}

describeWith(['ffmpeg'], 'SRTP and FFmpeg', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chappe-srtp-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('its RTP and RTCP are authentic, and in clear afterwards', async () => {
    const { rtp, rtcp, port } = await portPair();
    const receiver = new SrtpReceiver(options);
    const types: number[] = [];
    const reports: string[] = [];
    const receive = (packet: Buffer): void => {
      const control = isRtcp(packet);
      const length = control
        ? receiver.unprotectRtcp(packet, packet.length)
        : receiver.unprotect(packet, packet.length);
      if (control) reports.push(...(parseCompound(packet, length) ?? []).map(({ type }) => type));
      else types.push(length > 0 && headerLength(packet, length) === 12 ? payloadType(packet) : length);
    };
    rtp.on('message', receive);
    rtcp.on('message', receive);
    const crypto = ['-srtp_out_suite', 'AES_CM_128_HMAC_SHA1_80', '-srtp_out_params', INLINE];
    const tone = ['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=8000', '-t', '1', '-c:a', 'pcm_mulaw'];
    const sender = new Program('ffmpeg', peerPath('ffmpeg'), [
      ...tone,
      '-f',
      'rtp',
      ...crypto,
      `srtp://127.0.0.1:${port}`,
    ]);
    const code = await sender.exited;
    rtp.close();
    rtcp.close();
    expect(code, sender.output).toBe(0);
    expect(types.length).toBeGreaterThan(5);
    expect(new Set(types)).toEqual(new Set([0]));
    expect(new Set(reports)).toContain('SR');
  });

  test('it hears what we protect, across a rollover of the sequence number', async () => {
    const { rtp, rtcp, port } = await portPair();
    rtp.close();
    rtcp.close();
    const description = join(folder, 'call.sdp');
    await writeFile(
      description,
      [
        'v=0',
        'o=- 1 1 IN IP4 127.0.0.1',
        's=-',
        'c=IN IP4 127.0.0.1',
        't=0 0',
        `m=audio ${port} RTP/SAVP 0`,
        `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${INLINE}`,
        '',
      ].join('\r\n'),
    );
    const quick = ['-protocol_whitelist', 'file,udp,rtp,srtp', '-analyzeduration', '200000', '-probesize', '2000'];
    const output = join(folder, 'heard.s16');
    const hearer = new Program('ffmpeg', peerPath('ffmpeg'), [
      ...[...quick, '-i', description, '-t', '2', '-f', 's16le', '-ac', '1', output, '-y', '-loglevel', 'info'],
    ]);
    const sender = new SrtpSender(options);
    const socket = createSocket('udp4');
    // A datagram is not copied when it is sent: each kind has its own buffer.
    const packet = Buffer.alloc(2048);
    const control = Buffer.alloc(2048);
    let sent = 0;
    const timer = setInterval(() => {
      writeHeader(packet, 0, (65_500 + sent) & 0xffff, sent * 160, 0x1234);
      // A loud square wave of 400 Hz in mu-law.
      for (let sample = 0; sample < 160; sample++) packet[12 + sample] = sample % 20 < 10 ? 0x90 : 0x10;
      socket.send(packet.subarray(0, sender.protect(packet, 172)), port, '127.0.0.1');
      if (sent % 50 === 0) {
        const { seconds, fraction } = ntpTime(1_700_000_000_000 + sent * 20);
        const report = { type: 'SR', ssrc: 0x1234, ntpSeconds: seconds, ntpFraction: fraction } as const;
        const counts = { rtpTimestamp: sent * 160, packets: sent, octets: sent * 160, reports: [] };
        const compound = serializeCompound([{ ...report, ...counts }]);
        control.set(compound);
        socket.send(control.subarray(0, sender.protectRtcp(control, compound.length)), port + 1, '127.0.0.1');
      }
      sent++;
    }, 20);
    const code = await hearer.exited;
    clearInterval(timer);
    socket.close();
    expect(code, hearer.output).toBe(0);
    expect(hearer.output).not.toMatch(/HMAC mismatch/i);
    const heard = await readFile(output);
    const samples = new Int16Array(heard.buffer, heard.byteOffset, heard.length >> 1);
    expect(samples.length).toBeGreaterThan(12_000);
    expect(samples.every((sample) => Math.abs(sample) === Math.abs(samples[0]!))).toBe(true);
    expect(sent).toBeGreaterThan(50);
  });
});
