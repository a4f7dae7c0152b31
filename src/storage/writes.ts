// The ports of ports.ts as far as they do not differ by engine: all but the reads that are synchronous.
import type {
  AccountStore,
  ApiKeyStore,
  BindingStore,
  SessionStore,
  SettingStore,
  StoredAccount,
  StoredBinding,
} from './ports.ts';
import type { Queries } from './queries.ts';
import type { Row, Step } from './statements.ts';

type Now = () => number;

export function accountWrites(queries: Queries, now: Now): Pick<AccountStore, 'save' | 'add' | 'ownsData' | 'erase'> {
  return {
    async save({ name, admin, sealed, endSessions }) {
      const steps: Step[] = [
        ['bumpRevision', {}],
        ['saveAccount', { name, admin: admin ? 1 : 0, sealed, created: now() }],
      ];
      if (endSessions) steps.push(['endSessions', { name }]);
      await queries.write(...steps);
    },
    async add({ name, admin, sealed }) {
      const account = { name, admin: admin ? 1 : 0, sealed, created: now() };
      return (await queries.write(['bumpRevision', {}], ['addAccount', account])) === 1;
    },
    ownsData: async (name, address) => (await queries.read('owned', { name, owner: address })).length > 0,
    async erase(name) {
      await queries.write(['removeBindings', { aor: name }], ['endSessions', { name }], ['eraseCalls', { name }]);
    },
  };
}

export function accountOf(row: Row): StoredAccount {
  return { ...(row as unknown as StoredAccount), admin: row['admin'] === 1 };
}

export function bindingStore(queries: Queries, now: Now): BindingStore {
  return {
    load: async (at = now()) => (await queries.read('bindings', { now: at })) as unknown as StoredBinding[],
    of: async (aor) => (await queries.read('bindingsOf', { aor })) as unknown as StoredBinding[],
    async save(aor, bindings) {
      const steps: Step[] = [['removeBindings', { aor }]];
      for (const { id, expires, data } of bindings) steps.push(['addBinding', { aor, id, expires, data }]);
      await queries.write(...steps);
    },
  };
}

export function apiKeyWrites(queries: Queries, now: Now): Pick<ApiKeyStore, 'add'> {
  return {
    add: async ({ name, hash }) => (await queries.write(['addApiKey', { name, hash, created: now() }])) === 1,
  };
}

export function sessionWrites(queries: Queries, now: Now): Pick<SessionStore, 'add' | 'remove'> {
  return {
    async add(session, keep) {
      await queries.write(
        ['purgeSessions', { now: now() }],
        ['addSession', { ...session }],
        ['trimSessions', { name: session.name, keep }],
      );
    },
    async remove(hash) {
      await queries.write(['removeSession', { hash }]);
    },
  };
}

export function settingWrites(queries: Queries): Pick<SettingStore, 'set'> {
  return {
    async set(key, value) {
      await queries.write(['setSetting', { key, value }]);
    },
  };
}
