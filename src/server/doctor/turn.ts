import { isIPv6 } from 'node:net';
import { encodeUtf8 } from '../../protocol/byte-string.ts';
import { RelayProbe } from '../../protocol/turn/relay-probe.ts';
import { primitives } from '../../transport/primitives.ts';
import { formatListen, isLoopback, isWildcard } from '../configuration/listen.ts';
import { addressKind } from './address-kind.ts';
import { converse } from './converse.ts';
import type { Check, Examination } from './examination.ts';
import { enumerate, findings } from './finding.ts';
import { connectable } from './ports.ts';
import type { WireTarget } from './wire.ts';

const PATIENCE = 3_000;

interface Place {
  transport: WireTarget['transport'];
  address: string;
  port: number;
  /** By the address that the world uses, which a NAT before us may not lead back. */
  roundabout: boolean;
}

interface Outcome {
  place: string;
  roundabout: boolean;
  /** Undefined: no connection. */
  probe: RelayProbe | undefined;
  /** Of the whole, in milliseconds. */
  took: number;
}

/** Has a packet relayed over each transport, from this host to itself, by an address of this machine and by the public one. */
export const turn: Check = async (examination) => {
  const { configuration, running, credential } = examination;
  const { list, ok, warning, problem } = findings('turn');
  if (!running || credential === undefined) {
    ok('TURN is not looked at', 'No server is running with this data folder.');
    return list;
  }
  const outcomes = await Promise.all(places(examination).map((place) => relay(place, examination)));
  const good = outcomes.filter(({ probe }) => probe?.step === 'done');
  if (good.length > 0)
    ok(
      'TURN relays',
      `A packet came back by ${enumerate(good.map(({ place }) => place))}, after ${Math.round(Math.max(...good.map(({ took }) => took)))} ms at most.`,
    );
  const lost: string[] = [];
  for (const { place, roundabout, probe } of outcomes) {
    const { step, refused } = probe ?? { step: 'answer', refused: undefined };
    if (step === 'done') continue;
    if (refused === 401)
      problem(
        'TURN refuses its own credential',
        `${place} says 401 to one that was made just now.`,
        'The secret has changed since the server started: send it SIGHUP, or restart it.',
      );
    else if (refused === 486 || refused === 508)
      problem(
        'TURN has no room',
        `${place} says ${refused}: its ports or quotas are used up.`,
        'Widen turn.relay.ports, or see who holds the allocations (/metrics).',
      );
    else if (refused === 403)
      warning(
        'TURN may not relay to itself',
        `${place} says 403: calls in which both sides need the relay stay silent.`,
        "Take this host's address out of turn.denyPeers.",
      );
    else if (refused !== undefined) problem('TURN refuses', `${place} says ${refused}.`);
    else if (step !== 'answer')
      problem(
        'Relayed packets do not come back',
        `By ${place} there is an allocation, but what is sent to it does not arrive: calls that need the relay stay silent.`,
        "See the server's log.",
      );
    else if (roundabout) lost.push(place);
    else
      problem(
        'TURN does not answer',
        `Nothing came from $place.`,
        "See the server's log, and the firewall of this machine.",
      );
  }
  if (lost.length > 0)
    warning(
      'The public address does not lead back here',
      `There is no answer from ${enumerate(lost)}. From inside a NAT that often cannot work; people outside may reach it all the same.`,
      `Open https://${configuration.public.host ?? configuration.public.address}/doctor in a browser outside. If it fails there too, forward the ports.`,
    );
  return list;
};

function places({ configuration, ports, system }: Examination): Place[] {
  const found: Place[] = [];
  const { address: world } = configuration.public;
  const own = system.interfaces();
  for (const { key, listen } of ports) {
    if ((key !== 'web.listen' && key !== 'turn.listen') || listen.port === 0) continue;
    const { address, port } = listen;
    const web = key === 'web.listen';
    const transports = web
      ? ([listen.transport, listen.transport === 'tls' ? 'wss' : 'ws'] as const)
      : [listen.transport];
    const sources = [{ address: connectable(address), roundabout: false }];
    if (isWildcard(address)) {
      const outer = own.find(
        (each) => !each.internal && isIPv6(each.address) === isIPv6(address) && addressKind(each.address) !== 'link',
      );
      if (outer !== undefined) sources.push({ address: outer.address, roundabout: false });
    }
    if (world !== undefined && !isLoopback(address) && isIPv6(world) === isIPv6(address) && world !== address)
      sources.push({ address: world, roundabout: !own.some((each) => each.address === world) });
    for (const transport of transports)
      for (const source of sources) found.push({ transport: transport as Place['transport'], port, ...source });
  }
  return found;
}

async function relay({ transport, address, port, roundabout }: Place, examination: Examination): Promise<Outcome> {
  const place = formatListen({ transport, address, port });
  const begun = performance.now();
  const target = { transport, address, port, framed: transport !== 'ws' && transport !== 'wss', patience: PATIENCE };
  const wire = await examination.system.open(target).catch(() => undefined);
  if (wire === undefined) return { place, roundabout, probe: undefined, took: 0 };
  const { username, password } = examination.credential as NonNullable<Examination['credential']>;
  const probe = new RelayProbe({ primitives, username: encodeUtf8(username), password: encodeUtf8(password) });
  const took = await converse(wire, {
    next: () => probe.outgoing,
    receive(octets) {
      const more = probe.receive(octets);
      if (probe.step !== 'done' && probe.refused === undefined) return more;
      return { done: performance.now() - begun };
    },
    repeat: transport === 'udp',
    patience: PATIENCE,
  });
  if (probe.step === 'done') wire.send(probe.outgoing);
  setTimeout(() => wire.close(), 50); // what was sent last is to leave
  return { place, roundabout, probe, took: took ?? PATIENCE };
}
