import { randomInt } from 'node:crypto';
import type { Check, Examination } from './examination.ts';
import { enumerate, findings } from './finding.ts';

type Report = ReturnType<typeof findings>;

/** A phone's leg takes a port for RTP and one for RTCP, for sound and for picture. */
const PORTS_A_CALL = 4;
const FEW_CALLS = 25;
const SAMPLES = 8;

/** What carries sound and picture between pages and phones: ports of this process, or an rtpengine. */
export const media: Check = async (examination) => {
  const report = findings('media');
  if (examination.configuration.media.engine === 'rtpengine') await rtpengine(examination, report);
  else await rtpPorts(examination, report);
  return report.list;
};

async function rtpPorts(
  { configuration, system, ports }: Examination,
  { ok, warning, problem }: Report,
): Promise<void> {
  const { rtp, listen } = configuration.media;
  const { first, last } = rtp.ports;
  const address = rtp.addresses[0] ?? listen.address;
  const calls = Math.floor((last - first + 1) / PORTS_A_CALL);
  const range = `${address}, UDP ${first}-${last}`;
  // The ports at both ends, and some between: those that calls use just now are no fault.
  const samples = [first, last, ...Array.from({ length: SAMPLES - 2 }, () => randomInt(first, last + 1))];
  const faults = await Promise.all(samples.map((port) => system.bind({ transport: 'udp', address, port })));
  const taken = faults.filter((fault) => fault === 'EADDRINUSE').length;
  const other = faults.find((fault) => fault !== undefined && fault !== 'EADDRINUSE');
  if (other === 'EADDRNOTAVAIL')
    problem(
      'RTP cannot be received there',
      `${address} is no address of this machine, so calls with phones have no sound.`,
      'media.rtp.address is an address of this machine; what phones are told is public.address.',
    );
  else if (other !== undefined)
    problem('RTP ports cannot be opened', `${range}: ${other}.`, 'Name other ones: media.rtp.ports.');
  else if (taken > SAMPLES / 2)
    warning(
      'Most RTP ports are taken',
      `Of ${SAMPLES} looked at in ${range}, ${taken} are. Calls with phones fail when there is none left.`,
      'Widen media.rtp.ports, or see who has them (ss -lnup).',
    );
  else if (calls < FEW_CALLS)
    warning('Few RTP ports', `${range} is enough for ${calls} calls with phones at a time.`, 'Widen media.rtp.ports.');
  else ok('RTP ports can be opened', `${range}: room for ${calls} calls with phones.`);

  const inside = ports.filter(
    ({ listen: each }) => each.transport === 'udp' && each.port >= first && each.port <= last,
  );
  if (inside.length > 0)
    warning(
      'A port lies among those of RTP',
      `${enumerate(inside.map(({ key, listen: each }) => `${key} ${each.port}`))}, in ${first}-${last}.`,
      'Move one of them.',
    );
}

async function rtpengine({ configuration, system }: Examination, { ok, warning, problem }: Report): Promise<void> {
  const { urls } = configuration.media;
  const answered = await Promise.all(urls.map((url) => system.pingRtpengine(url)));
  const alive = urls.filter((_, index) => answered[index]);
  if (alive.length > 0) ok('rtpengine answers', `${enumerate(alive)}.`);
  for (const url of urls.filter((_, index) => !answered[index]))
    (alive.length > 0 ? warning : problem)(
      'rtpengine does not answer',
      `Nothing came from ${url}${alive.length > 0 ? '; the others take its calls' : ': calls between pages and phones are refused with 503'}.`,
      'Start rtpengine with --listen-ng (or --listen-http, for WebSocket) at that address, and see that no firewall stands between.',
    );
}
