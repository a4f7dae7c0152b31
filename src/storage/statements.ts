// Everything that is read and written, by name, in SQL that SQLite and PostgreSQL both speak (what PostgreSQL writes
// otherwise: postgres/statements.ts). `@name` parameters. Each is prepared once a connection.
import { messagingReads, messagingWrites } from './messaging/statements.ts';

const CALL = `call_id, from_address, to_address, caller, callee, started, answered, ended, status, ended_by, reason,
  media, legs`;

export const reads = {
  ...messagingReads,
  accountsSince: `select name, admin, sealed, created, revision from account where revision > @revision order by revision`,
  /** Messaging's by address, all else by name. */
  owned: `select 1 as one from binding where aor = @name union all select 1 from session where name = @name
    union all select 1 from call where caller = @name
    union all select 1 from call where callee = @name and answered is not null
    union all select 1 from archive where owner = @owner union all select 1 from offline where owner = @owner
    union all select 1 from roster_item where owner = @owner union all select 1 from document where owner = @owner
    union all select 1 from pubsub_item where owner = @owner union all select 1 from upload where owner = @owner limit 1`,
  bindings: 'select aor, id, expires, data from binding where expires > @now',
  bindingsOf: 'select aor, id, expires, data from binding where aor = @aor order by id',
  apiKeys: 'select name, hash, created from api_key order by name',
  apiKey: 'select name, hash, created from api_key where hash = @hash',
  sessions: 'select hash, name, expires from session',
  session: 'select hash, name, expires from session where hash = @hash and expires > @now',
  sessionsOf: 'select hash, name, expires from session where name = @name',
  settings: 'select key, value from setting',
  setting: 'select value from setting where key = @key',
  calls: `select ${CALL} from call where started < @before order by started desc, id desc limit @limit`,
  // Each half by its own index; a call to oneself is in both.
  callsOf: `select ${CALL} from (
      select * from (select * from call where caller = @account and started < @before order by started desc limit @limit) as made
      union
      select * from (select * from call where callee = @account and started < @before order by started desc limit @limit) as got
    ) as all_calls order by started desc, id desc limit @limit`,
} as const;

export const statements = {
  ...messagingWrites,
  bumpRevision: `update setting set value = cast(cast(value as integer) + 1 as text) where key = 'accounts.revision'`,
  saveAccount: `insert into account (name, admin, sealed, created, revision)
    values (@name, @admin, @sealed, @created, (select cast(value as integer) from setting where key = 'accounts.revision'))
    on conflict (name) do update set admin = excluded.admin, sealed = excluded.sealed, revision = excluded.revision`,
  addAccount: `insert into account (name, admin, sealed, created, revision)
    values (@name, @admin, @sealed, @created, (select cast(value as integer) from setting where key = 'accounts.revision'))
    on conflict (name) do nothing`,
  endSessions: 'delete from session where name = @name',
  removeBindings: 'delete from binding where aor = @aor',
  addBinding: `insert into binding (aor, id, expires, data) values (@aor, @id, @expires, @data)
    on conflict (aor, id) do update set expires = excluded.expires, data = excluded.data`,
  purgeBindings: 'delete from binding where expires <= @now',
  addApiKey: 'insert into api_key (name, hash, created) values (@name, @hash, @created) on conflict (name) do nothing',
  addSession: `insert into session (hash, name, expires) values (@hash, @name, @expires)
    on conflict (hash) do update set name = excluded.name, expires = excluded.expires`,
  purgeSessions: 'delete from session where expires <= @now',
  trimSessions: `delete from session where name = @name and hash not in
    (select hash from session where name = @name order by expires desc limit @keep)`,
  removeSession: 'delete from session where hash = @hash',
  // Many in one statement, as JSON: to bind them one by one would cost more than all else of it.
  addCalls: `insert into call (call_id, from_address, to_address, caller, callee, started, answered, ended, status,
      ended_by, reason, media, legs)
    select value ->> 'callId', value ->> 'from', value ->> 'to', value ->> 'caller', value ->> 'callee',
      value ->> 'started', value ->> 'answered', value ->> 'ended', value ->> 'status', value ->> 'endedBy',
      value ->> 'reason', value ->> 'media', value ->> 'legs'
    from json_each(@records)`,
  trimCalls: 'delete from call where id <= (select max(id) from call) - @keep or started < @before',
  eraseCalls: 'delete from call where caller = @name or callee = @name',
  setSetting:
    'insert into setting (key, value) values (@key, @value) on conflict (key) do update set value = excluded.value',
} as const;

export type ReadName = keyof typeof reads;
export type StatementName = keyof typeof statements;
export type SqlValue = string | number | null | Uint8Array;
export type Parameters = Record<string, SqlValue>;
export type Row = Record<string, SqlValue>;
/** One statement of a write; the write's statements take effect together or not at all. */
export type Step = readonly [StatementName, Parameters];

/** What is only ever added to, many rows at a time: the columns in the order of the rows' values. */
export const appends = {
  archive: ['owner', 'id', 'peer', 'time', 'stanza'],
} as const;
export type AppendName = keyof typeof appends;
export interface Rows {
  append: AppendName;
  rows: SqlValue[][];
}
export type Write = Step[] | Rows;
