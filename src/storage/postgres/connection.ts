import pg, { type Client, type ClientConfig, type QueryConfig, type QueryResult } from 'pg';
import { StorageError } from '../storage-error.ts';

const INT8 = 20;

/** Milliseconds: whoever waits for the store has a peer who waits for him. */
const CONNECT = 2_000;
const STATEMENT = 5_000;
/** Longer than the database gives itself, so that mostly the database says what was wrong. */
const ANSWER = 6_000;
const GOODBYE = 1_000;

export function clientConfig(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'chappe',
    connectionTimeoutMillis: CONNECT,
    statement_timeout: STATEMENT,
    query_timeout: ANSWER,
    keepAlive: true,
    // Times and counts: whole numbers below 2^53.
    types: { getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) },
  };
}

/** The error as the server's parts know it. What the database says of a statement quotes no value. */
export function storageError(error: unknown): StorageError {
  return error instanceof StorageError ? error : new StorageError('STORAGE_FAILED', (error as Error).message);
}

/** Whether the database has answered: any other failure is the connection's, which is then of no use. */
export function isAnswer(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  // 57P01 to 57P05: it is going, and takes the connection with it.
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('57P') && !code.startsWith('08');
}

/** It took longer than `STATEMENT`: so would the next. */
export function isOverdue(error: unknown): boolean {
  return (error as { code?: unknown }).code === '57014';
}

export type Ask = (query: QueryConfig | string) => Promise<QueryResult>;

/** Resolves when a goodbye has been said, or the database, which hangs, has not answered it in time. */
export async function saidGoodbye(goodbye: Promise<unknown>): Promise<void> {
  let late: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    late = setTimeout(resolve, GOODBYE);
  });
  await Promise.race([goodbye.catch(() => {}), patience]);
  clearTimeout(late);
}

/** One connection, made when it is needed and made anew after it was lost. */
export class Connection {
  readonly #url: string;
  #client: Promise<Client> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  query(query: QueryConfig | string): Promise<QueryResult> {
    return this.hold((ask) => ask(query));
  }

  /** One connection for all that `work` asks: a transaction that was lost with its connection is not gone on with by the next. */
  async hold<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    const connecting = this.#connect();
    try {
      const client = await connecting;
      return await work((query) => client.query(query));
    } catch (error) {
      if (!isAnswer(error)) this.drop(connecting);
      throw error;
    }
  }

  /** What comes next gets another connection. */
  drop(dropped = this.#client): void {
    if (dropped === undefined || dropped !== this.#client) return;
    this.#client = undefined;
    dropped.then((client) => client.end()).catch(() => {});
  }

  async close(): Promise<void> {
    const closing = this.#client;
    this.#client = undefined;
    if (closing !== undefined) await saidGoodbye(closing.then((client) => client.end()));
  }

  #connect(): Promise<Client> {
    if (this.#client === undefined) {
      const client = new pg.Client(clientConfig(this.#url));
      const connecting = client.connect().then(() => client);
      this.#client = connecting;
      client.on('error', () => this.drop(connecting));
    }
    return this.#client;
  }
}
