import { messagingWrites } from './messaging/statements.ts';

/** Every write, by name: prepared once. `@name` parameters. */
export const statements = {
  ...messagingWrites,
  bumpRevision: `update setting set value = cast(value as integer) + 1 where key = 'accounts.revision'`,
  saveAccount: `insert into account (name, admin, sealed, created, revision)
    values (@name, @admin, @sealed, @created, (select cast(value as integer) from setting where key = 'accounts.revision'))
    on conflict (name) do update set admin = excluded.admin, sealed = excluded.sealed, revision = excluded.revision`,
  addAccount: `insert into account (name, admin, sealed, created, revision)
    values (@name, @admin, @sealed, @created, (select cast(value as integer) from setting where key = 'accounts.revision'))
    on conflict (name) do nothing`,
  endSessions: 'delete from session where name = @name',
  removeBindings: 'delete from binding where aor = @aor',
  addBinding: 'insert or replace into binding (aor, id, expires, data) values (@aor, @id, @expires, @data)',
  purgeBindings: 'delete from binding where expires <= @now',
  addApiKey: 'insert into api_key (name, hash, created) values (@name, @hash, @created) on conflict (name) do nothing',
  addSession: 'insert or replace into session (hash, name, expires) values (@hash, @name, @expires)',
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
  setSetting:
    'insert into setting (key, value) values (@key, @value) on conflict (key) do update set value = excluded.value',
} as const;

export type StatementName = keyof typeof statements;
export type SqlValue = string | number | null | Uint8Array;
export type Parameters = Record<string, SqlValue>;
export type Row = Record<string, SqlValue>;
/** One statement of a write; the write's statements take effect together or not at all. */
export type Step = readonly [StatementName, Parameters];
