import { isIPv6 } from 'node:net';
import type { Configuration } from '../config.ts';
import { isLoopback, isWildcard, type Listen } from '../configuration/listen.ts';
import { addressKind } from './address-kind.ts';
import type { Check, Examination } from './examination.ts';
import { enumerate, findings } from './finding.ts';
import type { System } from './system.ts';

/** Where clients come to, and what they are told of it. */
export const addresses: Check = (examination) => {
  const { configuration, system } = examination;
  const { public: world } = configuration;
  const report = findings('addresses');
  const { list, ok, warning } = report;
  const listening = everything(examination);
  const outward = listening.filter(({ listen }) => !isLoopback(listen.address));

  if (outward.length === 0) {
    const proxied = world.host !== undefined || world.address !== undefined;
    warning(
      'Everything listens on loopback only',
      proxied
        ? 'A proxy on this machine can pass the web page on, but neither TURN nor phones: calls across the Internet will be silent.'
        : 'Browsers and phones on this machine reach it, others do not.',
      'Listen on 0.0.0.0 (or * for short), or on one address of this machine: web.listen, sip.listen, turn.listen, media.listen.',
    );
    return list;
  }
  const inward = [
    ...new Set(listening.filter(({ listen }) => isLoopback(listen.address)).map(({ key }) => key)),
  ].filter((key) => !outward.some((each) => each.key === key));
  for (const key of inward)
    warning(
      'A part listens on loopback only',
      `${key} does, while others can be reached: ${MISSED[key] ?? 'nobody elsewhere can use it'}.`,
      `${key}: 0.0.0.0 with its port, as for the others.`,
    );

  const known = reachedBy(
    outward.map(({ listen }) => listen),
    system,
  );
  publicAddress(configuration, known, system, report);
  const sixes = known.filter((address) => isIPv6(address) && addressKind(address) === 'public');
  if (sixes.length > 0) ok('IPv6 is served', `At ${enumerate(sixes)}.`);
  else if (system.interfaces().some(({ address }) => isIPv6(address) && addressKind(address) === 'public'))
    ok('IPv6 is there and not served', 'The machine has it; listen on [::] as well to use it.');
  return list;
};

const MISSED: Record<string, string> = {
  'web.listen': 'the page is for this machine, or for a proxy on it',
  'sip.listen': 'phones elsewhere cannot register',
  'turn.listen': 'browsers behind strict firewalls have no relay, and their calls no sound',
  'media.listen': 'calls between pages and phones are silent for whoever is elsewhere',
};

function everything({ configuration: { media }, ports }: Examination): Array<{ key: string; listen: Listen }> {
  const embedded =
    media.engine === 'embedded' && !ports.some(({ key }) => key === 'media.listen')
      ? [{ key: 'media.listen', listen: { transport: 'udp', ...media.listen } }]
      : [];
  // Pages speak MSRP at the web port: a port of its own is for others, and may well be for nobody.
  return [...ports.filter(({ key }) => key !== 'msrp.listen'), ...embedded];
}

/** Addresses of this machine that are listened on; a wildcard means those of its interfaces. */
function reachedBy(listens: readonly Listen[], system: System): string[] {
  const found = new Set<string>();
  const interfaces = system
    .interfaces()
    .filter(({ address, internal }) => !internal && addressKind(address) !== 'link');
  for (const { address } of listens) {
    if (!isWildcard(address)) found.add(address);
    else for (const each of interfaces) if (address === '::' || !isIPv6(each.address)) found.add(each.address);
  }
  return [...found];
}

function publicAddress(
  configuration: Configuration,
  known: readonly string[],
  system: System,
  { ok, warning, problem }: ReturnType<typeof findings>,
): void {
  const { address } = configuration.public;
  if (address === undefined) {
    const open = known.filter((each) => addressKind(each) === 'public');
    if (open.length > 0) ok('The world can reach this machine', `At ${enumerate(open)}.`);
    else
      warning(
        'Only private addresses are known',
        `Browsers and phones are told ${enumerate(known)}, which people outside this network cannot reach: their calls stay silent.`,
        'Behind a NAT or in a cloud: public: { address: THE PUBLIC ADDRESS }. In a closed network this is as it should be.',
      );
    return;
  }
  const kind = addressKind(address);
  if (kind === 'loopback' || kind === 'link')
    problem(
      "The public address is nobody else's",
      `public.address is ${address}: whoever is told that sends sound and picture to himself.`,
      'Name the address by which the world reaches this server.',
    );
  else if (system.interfaces().some((each) => each.address === address))
    ok("The public address is this machine's own", `${address}: no NAT stands between.`);
  else {
    if (kind === 'private')
      warning(
        'The public address is a private one',
        `public.address is ${address}, which people outside this network cannot reach.`,
        'Name the address by which the world reaches this server.',
      );
    ok(
      'The public address belongs to a NAT',
      `${address}. It must send on to this machine: ${enumerate(forwarded(configuration), 20)}.`,
    );
  }
}

/** What a NAT before us has to let in. */
export function forwarded({ web, sip, turn, media }: Configuration): string[] {
  const listens = [{ transport: 'tcp', ...web.listen }, ...sip.listen, ...turn.listen];
  if (media.engine === 'embedded') listens.push({ transport: 'udp', ...media.listen });
  const single = listens.map(({ transport, port }) => `${transport === 'udp' ? 'UDP' : 'TCP'} ${port}`);
  const range = ({ first, last }: { first: number; last: number }) => `UDP ${first}-${last}`;
  const ranges = [range(turn.relay.ports), ...(media.engine === 'embedded' ? [range(media.rtp.ports)] : [])];
  return [...new Set([...single, ...ranges])];
}
