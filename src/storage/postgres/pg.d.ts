// The face of the package `pg` (8.x) as far as it is used here.
declare module 'pg' {
  import type { EventEmitter } from 'node:events';

  export interface QueryConfig {
    /** Prepared once a connection under that name. */
    name?: string;
    text: string;
    values?: unknown[];
  }

  export interface QueryResult {
    rows: Array<Record<string, unknown>>;
    rowCount: number | null;
  }

  export interface ClientConfig {
    connectionString?: string;
    application_name?: string;
    connectionTimeoutMillis?: number;
    statement_timeout?: number;
    query_timeout?: number;
    keepAlive?: boolean;
    types?: { getTypeParser(oid: number, format?: string): (value: string) => unknown };
  }

  export class Client extends EventEmitter {
    constructor(config: ClientConfig);
    connect(): Promise<void>;
    query(query: QueryConfig | string): Promise<QueryResult>;
    end(): Promise<void>;
  }

  export class Pool extends EventEmitter {
    constructor(config: ClientConfig & { max?: number; idleTimeoutMillis?: number });
    readonly waitingCount: number;
    connect(): Promise<never>; // kysely's concern alone
    query(query: QueryConfig | string): Promise<QueryResult>;
    end(): Promise<void>;
  }

  const pg: {
    Client: typeof Client;
    Pool: typeof Pool;
    types: { getTypeParser(oid: number, format?: string): (value: string) => unknown };
  };
  export default pg;
}
