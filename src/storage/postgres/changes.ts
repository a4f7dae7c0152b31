import pg, { type Client } from 'pg';
import { clientConfig, saidGoodbye } from './connection.ts';

/** Milliseconds. */
const FIRST_RETRY = 250;
const LAST_RETRY = 5_000;
/** A connection that a firewall has forgotten says nothing: it is asked now and then. */
const HEARTBEAT = 15_000;

/** The channel on which the triggers of migrations.ts tell what has changed. */
const CHANNEL = 'chappe';

export interface ChangesOptions {
  url: string;
  /** After each connection: what was told meanwhile is lost, so all is to be read. Connected anew when it rejects. */
  connected(): Promise<void>;
  changed(what: string): void;
}

/** LISTEN: a connection of its own, that is made again whenever it is lost. */
export class Changes {
  readonly #options: ChangesOptions;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retry = FIRST_RETRY;
  #closed = false;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /** Rejects when it cannot be connected, or what is to be read then cannot. */
  async open(): Promise<void> {
    const client = new pg.Client(clientConfig(this.#options.url));
    let over = false;
    const lost = () => {
      over = true;
      this.#lost(client);
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }: { payload?: string }) => this.#options.changed(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      await this.#options.connected();
      if (over || this.#closed) throw new Error('The connection has ended.');
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
    this.#client = client; // only now: whoever opens again after a failure is its caller alone
    this.#retry = FIRST_RETRY;
    this.#beat(client);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await saidGoodbye(client.end());
  }

  #beat(client: Client): void {
    this.#timer = setTimeout(() => {
      client.query('select 1').then(
        () => this.#client === client && this.#beat(client),
        () => this.#lost(client),
      );
    }, HEARTBEAT).unref();
  }

  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.end().catch(() => {});
    clearTimeout(this.#timer);
    this.#again();
  }

  #again(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.open().catch(() => this.#again()), this.#retry).unref();
    this.#retry = Math.min(2 * this.#retry, LAST_RETRY);
  }
}
