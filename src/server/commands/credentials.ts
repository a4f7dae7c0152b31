import { primitives } from '../../transport/primitives.ts';
import { canonicalName } from '../accounts/canonical-name.ts';
import { ApiKeys } from '../credentials/api-keys.ts';
import { CredentialIssuer } from '../credentials/issuer.ts';
import { openDataFolder } from '../data-folder.ts';
import { reachByConfiguration } from '../http/reach.ts';
import { type Command, CommandError, commonFlags, UsageError } from './command.ts';

export const keyAdd: Command = {
  name: 'key add',
  operands: 'NAME',
  summary: "Makes an administrator's API key and prints it, this once.",
  details: 'A site\'s back end sends it as "Authorization: Bearer KEY" to POST /api/credentials.',
  flags: commonFlags,
  async run(call) {
    const name = call.operands[0] as string;
    if (!/^[\w.-]{1,64}$/.test(name))
      throw new UsageError("a key's name has letters, digits and . _ - only, 64 at most");
    const folder = await openDataFolder(call.configuration().configuration);
    try {
      const key = await new ApiKeys(folder.store.apiKeys).add(name);
      if (key === undefined) throw new CommandError(`There is a key named ${name} already.`);
      call.print(call.json ? JSON.stringify({ name, key }) : key);
      return 0;
    } finally {
      await folder.store.close();
    }
  },
};

export const credential: Command = {
  name: 'credential',
  operands: 'NAME',
  summary: 'Makes an ephemeral credential for a name; it needs no account.',
  flags: {
    ...commonFlags,
    ttl: { type: 'string', value: 'SECONDS', help: 'how long it is valid (default: limits.http.credentialTtl)' },
  },
  async run(call) {
    const name = canonicalName(call.operands[0] as string);
    if (name === undefined) throw new CommandError('Nobody can have that name.');
    const { configuration } = call.configuration();
    const { domain, limits, turn, web } = configuration;
    const asked = call.text('ttl');
    if (asked !== undefined && !/^[1-9]\d{0,9}$/.test(asked))
      throw new UsageError('--ttl is whole seconds, 1 at least');
    const ttl = Math.min(asked === undefined ? limits.http.credentialTtl : Number(asked), limits.http.maxCredentialTtl);
    const folder = await openDataFolder(configuration);
    await folder.store.close();
    const { host: publicHost, address: publicAddress } = configuration.public;
    // As configured: a port of 0, or a default one that was taken, is known to the running server alone.
    const reach = reachByConfiguration({
      publicHost,
      publicAddress,
      web: () => ({ endpoint: web.listen, tls: web.tls !== undefined }),
      stun: () => turn.listen.filter(({ port }) => port !== 0),
    });
    const issuer = new CredentialIssuer({ domain, secrets: folder.secrets, primitives, now: Date.now });
    const issued = issuer.issue(name, ttl, reach);
    if (call.json) call.print(JSON.stringify(issued));
    else {
      const expires = new Date(Number.parseInt(issued.username, 10) * 1000).toISOString();
      call.print(
        `username ${issued.username}\npassword ${issued.password}\nexpires  ${expires}\nws       ${issued.ws}`,
      );
      for (const uri of [...reach.stun, ...reach.turn]) call.print(`ice      ${uri}`);
    }
    return 0;
  },
};
