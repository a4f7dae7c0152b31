import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { StorageLimits } from '../limits.ts';
import type { CallRecord, CallRecordQuery, CallRecordStore } from '../ports.ts';
import type { Writer } from './writer.ts';

/** Records are gathered for so long, or until there are so many: a write for each call would cost more than the call. */
const GATHER = 1_000;
const MOST_GATHERED = 500;

const COLUMNS = `call_id, from_address, to_address, caller, callee, started, answered, ended, status, ended_by, reason,
  media, legs`;

export class EmbeddedCallRecords implements CallRecordStore {
  lost = 0;
  readonly #writer: Writer;
  readonly #limits: StorageLimits;
  readonly #now: () => number;
  readonly #all: StatementSync;
  readonly #ofAccount: StatementSync;
  #gathered: CallRecord[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(database: DatabaseSync, writer: Writer, limits: StorageLimits, now: () => number) {
    this.#writer = writer;
    this.#limits = limits;
    this.#now = now;
    this.#all = database.prepare(
      `select ${COLUMNS} from call where started < @before order by started desc, id desc limit @limit`,
    );
    // Each half by its own index; a call to oneself is in both.
    this.#ofAccount = database.prepare(
      `select ${COLUMNS} from (
        select * from (select * from call where caller = @account and started < @before order by started desc limit @limit)
        union
        select * from (select * from call where callee = @account and started < @before order by started desc limit @limit)
      ) order by started desc, id desc limit @limit`,
    );
  }

  add(record: CallRecord): void {
    this.#gathered.push(record);
    if (this.#gathered.length >= MOST_GATHERED) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), GATHER).unref();
  }

  /** Writes what has been gathered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#gathered.length === 0) return;
    const { length } = this.#gathered;
    const records = JSON.stringify(this.#gathered);
    this.#gathered = [];
    const { callRecords, callRecordAge } = this.#limits;
    this.#writer
      .write(['addCalls', { records }], ['trimCalls', { keep: callRecords, before: this.#now() - callRecordAge }])
      .catch(() => {
        this.lost += length;
      });
  }

  list({ account, before = Number.MAX_SAFE_INTEGER, limit }: CallRecordQuery): CallRecord[] {
    const rows =
      account === undefined ? this.#all.all({ before, limit }) : this.#ofAccount.all({ account, before, limit });
    return rows.map(recordOf);
  }
}

function recordOf(row: Record<string, unknown>): CallRecord {
  return {
    callId: row['call_id'] as string,
    from: row['from_address'] as string,
    to: row['to_address'] as string,
    caller: (row['caller'] ?? undefined) as string | undefined,
    callee: (row['callee'] ?? undefined) as string | undefined,
    started: row['started'] as number,
    answered: (row['answered'] ?? undefined) as number | undefined,
    ended: row['ended'] as number,
    status: row['status'] as number,
    endedBy: row['ended_by'] as CallRecord['endedBy'],
    reason: (row['reason'] ?? undefined) as string | undefined,
    media: row['media'] as CallRecord['media'],
    legs: row['legs'] === null ? undefined : (JSON.parse(row['legs'] as string) as object[]),
  };
}
