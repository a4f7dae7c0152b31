// The XMPP servers that are compared, each on the servers' core, with a configuration and data of its own.
import { startChappe } from '../test/support/chappe.ts';
import { startEjabberd } from '../test/support/ejabberd.ts';
import { startProsody, type XmppPeer } from '../test/support/prosody.ts';
import { serverCore } from './servers.ts';
import type { XmppTarget } from './xmpp-client.ts';

export interface MeasuredXmpp {
  name: 'Chappe' | 'ejabberd' | 'Prosody';
  pid: number;
  target: XmppTarget;
  stop(): Promise<unknown>;
}

/** `users`: names of accounts, each its own password. */
export async function chappeXmpp(users: readonly string[]): Promise<MeasuredXmpp> {
  const server = await startChappe({
    cpu: serverCore,
    config: { domain: 'chappe.test', accounts: users.map((name) => ({ name, password: `${name}-password` })) },
  });
  return {
    name: 'Chappe',
    pid: server.ready.pid,
    target: {
      ...{ host: '127.0.0.1', port: Number(new URL(server.ready.ws).port), path: '/', domain: 'chappe.test' },
      password: (user) => `${user}-password`,
    },
    stop: () => server.stop(),
  };
}

/** Without `accounts`: SASL ANONYMOUS. */
export async function prosodyXmpp(archive: boolean, accounts?: readonly string[]): Promise<MeasuredXmpp> {
  return measured('Prosody', await startProsody({ archive, cpu: serverCore, ...(accounts && { accounts }) }));
}

export async function ejabberdXmpp(archive: boolean, accounts?: readonly string[]): Promise<MeasuredXmpp> {
  return measured('ejabberd', await startEjabberd({ archive, cpu: serverCore, ...(accounts && { accounts }) }));
}

function measured(name: MeasuredXmpp['name'], { program, domain, http, stop }: XmppPeer): MeasuredXmpp {
  return { name, pid: program.pid, target: { ...http, domain }, stop };
}
