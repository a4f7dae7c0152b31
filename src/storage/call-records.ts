import type { StorageLimits } from './limits.ts';
import type { CallRecord, CallRecordQuery, CallRecordStore } from './ports.ts';
import type { Queries } from './queries.ts';
import type { Row } from './statements.ts';

/** Records are gathered for so long, or until there are so many: a write for each call would cost more than the call. */
const GATHER = 1_000;
const MOST_GATHERED = 500;

export class CallRecords implements CallRecordStore {
  lost = 0;
  readonly #queries: Queries;
  readonly #limits: Pick<StorageLimits, 'callRecords' | 'callRecordAge'>;
  readonly #now: () => number;
  #gathered: CallRecord[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(queries: Queries, limits: Pick<StorageLimits, 'callRecords' | 'callRecordAge'>, now: () => number) {
    this.#queries = queries;
    this.#limits = limits;
    this.#now = now;
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
    this.#queries
      .write(['addCalls', { records }], ['trimCalls', { keep: callRecords, before: this.#now() - callRecordAge }])
      .catch(() => {
        this.lost += length;
      });
  }

  async list({ account, before = Number.MAX_SAFE_INTEGER, limit }: CallRecordQuery): Promise<CallRecord[]> {
    const rows =
      account === undefined
        ? await this.#queries.read('calls', { before, limit })
        : await this.#queries.read('callsOf', { account, before, limit });
    return rows.map(recordOf);
  }
}

function recordOf(row: Row): CallRecord {
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
