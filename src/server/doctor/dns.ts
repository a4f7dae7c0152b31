import { isIP } from 'node:net';
import type { Check } from './examination.ts';
import { enumerate, findings } from './finding.ts';

/** Whether the names lead here. Asks the system's resolver, nobody else. */
export const dns: Check = async ({ system, configuration }) => {
  const { domain, public: world } = configuration;
  const { list, ok, warning, problem } = findings('dns');
  const own = new Set(system.interfaces().map(({ address }) => address));
  if (world.address !== undefined) own.add(world.address);

  const name = world.host ?? domain;
  const isName = (text: string) => isIP(text) === 0 && text !== 'localhost' && !text.endsWith('.localhost');
  if (!isName(name)) {
    ok('No name to look up', `Clients use ${name}.`);
    return list;
  }
  const found = await system.lookup(name);
  const [key, severe] = world.host === undefined ? ['domain', warning] : ['public.host', problem];
  if (found.length === 0)
    severe(
      'The name has no address',
      `${name} (${key}) is not in the DNS: browsers and phones elsewhere will not find this server by it.`,
      `Make an A record (and AAAA, for IPv6) for ${name}${world.address === undefined ? '' : ` with ${world.address}`}.`,
    );
  else if (found.some((address) => own.has(address))) ok('The name leads here', `${name} is ${enumerate(found)}.`);
  else
    warning(
      'The name leads elsewhere',
      `${name} is ${enumerate(found)}, which is no address of this machine${world.address === undefined ? '' : ', nor public.address'}.`,
      'Right if a NAT or a proxy before this machine has that address: then say so with public.address. Else correct the record.',
    );

  if (world.host !== undefined && isName(domain) && domain !== world.host) {
    const services = await Promise.all(
      ['_sip._udp', '_sips._tcp'].map((service) => system.services(`${service}.${domain}`)),
    );
    if (services.flat().length > 0)
      ok('Phones find the server by its domain', `SRV records of ${domain} name ${enumerate(services.flat())}.`);
    else
      ok(
        'No SRV records',
        `A phone that is told nothing but ${domain} finds no server; enter ${world.host} as its proxy, or make _sip._udp.${domain}.`,
      );
  }
  return list;
};
