import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { SOFTWARE, software, text } from '../../protocol/stun/attributes.ts';
import { attribute, BINDING, looksLikeStun, parseStun, serializeStun } from '../../protocol/stun/message.ts';
import { formatListen, isWildcard, type Listen } from '../configuration/listen.ts';
import { converse } from './converse.ts';
import type { Check, Port } from './examination.ts';
import { enumerate, findings } from './finding.ts';
import type { System } from './system.ts';

const PATIENCE = 2_500;

/** `answers`: as a Chappe does. Else the system's error code of trying to listen; `free`: that worked. */
type State = 'answers' | 'free' | (string & {});

/** Whether each port can be had, or is served. */
export const ports: Check = async ({ ports, system, running, inside }) => {
  const { list, ok, warning, problem } = findings('ports');
  const states = await Promise.all(
    ports
      .filter(({ listen }) => listen.port !== 0)
      .map(async (port) => ({ port, state: await stateOf(port, inside, system) })),
  );
  const good = states.filter(({ state }) => state === (running ? 'answers' : 'free'));
  if (states.length === 0) ok('Any port will do', 'Each is 0: the system picks.');
  else if (good.length === states.length)
    ok(
      running ? 'Every port answers' : 'Every port is free',
      `${enumerate(good.map(({ port }) => formatListen(port.listen)))}.`,
    );

  for (const { port, state } of states) {
    const { key, listen, configured } = port;
    const at = `${formatListen(listen)} (${key})`;
    if (state === (running ? 'answers' : 'free')) continue;
    if (state === 'free' && configured)
      problem(
        'A port is not served',
        `The server runs, but not at ${at}.`,
        'Restart it, if the configuration has changed since.',
      );
    else if (state === 'free')
      warning(
        'A port is not served',
        `The server runs, but not at ${at}: it moved to the next free one when it started.`,
        `Name a free port: ${key}.`,
      );
    else if (state === 'answers')
      problem(
        'Another server is at a port',
        `At ${at} answers a Chappe that does not use this data folder.`,
        'Stop it, or name another port or the right --data.',
      );
    else if (state === 'EADDRINUSE' && (running || configured))
      problem(
        'A port is taken',
        `Another program has ${at}, and does not answer as this server does.`,
        `Stop it (ss -lntup tells which), or name another port: ${key}.`,
      );
    else if (state === 'EADDRINUSE')
      warning(
        'A port is taken',
        `Another program has ${at}: the next free one will be used.`,
        `Stop it (ss -lntup tells which), or name another port: ${key}.`,
      );
    else if (state === 'EADDRNOTAVAIL')
      problem(
        "An address is not this machine's",
        `It cannot listen at ${at}.`,
        'Listen on an address that "ip address" shows; what the world sees is for public.address.',
      );
    else if (state === 'EACCES')
      problem(
        'A port may not be opened',
        `${at} is for root.`,
        'setcap cap_net_bind_service=+ep on node, or a port from 1024.',
      );
    else if (state === 'silent')
      problem(
        'A port does not answer',
        `The server has ${at}, but is not heard there.`,
        'See its log, and the firewall of this machine.',
      );
    else problem('A port cannot be opened', `${at}: ${state}.`, `Name another one: ${key}.`);
  }
  return list;
};

async function stateOf({ key, listen }: Port, inside: boolean, system: System): Promise<State> {
  const fault = inside
    ? 'silent'
    : await system.bind(listen.transport === 'udp' ? listen : { ...listen, transport: 'tcp' });
  if (fault === undefined) return 'free';
  if (fault !== 'EADDRINUSE' && fault !== 'silent') return fault;
  return (await answers(key, listen, system)) ? 'answers' : fault;
}

/** A wildcard is no address to connect to. */
export function connectable(address: string): string {
  return isWildcard(address) ? (isIPv6(address) ? '::1' : '127.0.0.1') : address;
}

/**
 * UDP, and TURN over streams: a STUN Binding, answered with our SOFTWARE. Other streams: the keep-alive of RFC 5626, which
 * the web port knows as well as SIP's; MSRP has none, and is asked for what it will not grant.
 */
async function answers(key: string, { transport, address, port }: Listen, system: System): Promise<boolean> {
  const ways = key === 'msrp.listen' ? [BY_MSRP] : transport === 'udp' ? [BY_STUN] : [BY_STUN, BY_KEEP_ALIVE];
  for (const { framed, ask, isOurs } of ways) {
    const target = { transport: transport as 'udp', address: connectable(address), port, framed, patience: PATIENCE };
    const wire = await system.open(target).catch(() => undefined);
    if (wire === undefined) return false;
    const message = ask();
    const heard = await converse(wire, {
      next: () => message,
      receive: (octets) => isOurs(octets) && { done: true },
      repeat: transport === 'udp',
      patience: PATIENCE,
    });
    wire.close();
    if (heard === true) return true;
  }
  return false;
}

const BY_STUN = {
  framed: true,
  // Long enough that the answer, which is twice as long at most, has room for its name.
  ask: () =>
    serializeStun({
      class: 'request',
      method: BINDING,
      transactionId: randomBytes(12),
      attributes: [software('chappe doctor, asking whether you are there')],
    }),
  isOurs(octets: Uint8Array): boolean {
    if (!looksLikeStun(octets)) return false;
    const name = attribute(parseStun(octets), SOFTWARE);
    return name !== undefined && text(name).startsWith('Chappe ');
  },
};

const BY_KEEP_ALIVE = {
  framed: false,
  ask: () => Buffer.from('\r\n\r\n'),
  isOurs: (octets: Uint8Array) => Buffer.from(octets).toString('latin1') === '\r\n',
};

const BY_MSRP = {
  framed: false,
  ask: () =>
    Buffer.from(
      'MSRP doctor AUTH\r\nTo-Path: msrp://relay.invalid:2855;tcp\r\n' +
        'From-Path: msrp://doctor.invalid:2855/doctor;tcp\r\n-------doctor$\r\n',
    ),
  isOurs: (octets: Uint8Array) => Buffer.from(octets).toString('latin1').startsWith('MSRP doctor 401 '),
};
