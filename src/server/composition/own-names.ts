// By which names and addresses this server is called.
import { networkInterfaces } from 'node:os';
import { plainAddress } from '../../transport/flow.ts';
import type { Configuration } from '../config.ts';
import { isWildcard } from '../configuration/listen.ts';
import { HostPolicy } from '../http/host-policy.ts';

/** In the Host header of a browser's request. */
export function webHosts({ domain, public: { host, url }, web }: Configuration): HostPolicy {
  return new HostPolicy([domain, host, url && URL.parse(url)?.hostname, ...web.hosts]);
}

/** In a SIP URI, besides the addresses it listens on. */
export function sipHosts({ public: { host, address }, sip, web }: Configuration): string[] {
  const names = ['localhost'];
  if (host !== undefined) names.push(host);
  if (address !== undefined) names.push(address);
  if ([...sip.listen, web.listen].some((listen) => isWildcard(listen.address))) {
    for (const known of Object.values(networkInterfaces()))
      for (const it of known ?? []) names.push(plainAddress(it.address));
  }
  return names;
}

/** A wildcard is no address to connect to. */
export function reachable<Listening extends { address: string }>(listening: Listening): Listening {
  const { address } = listening;
  return { ...listening, address: address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address };
}
