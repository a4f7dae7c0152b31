/** Every bound of the store, with its default. */
export interface StorageLimits {
  /** Writes, and messages to archive, that wait for the writer: beyond it a write is refused, and whoever asked says so to its peer. */
  queuedWrites: number;
  /** Reads waiting for a connection to PostgreSQL. */
  queuedReads: number;
  /** Writes of one commit. */
  batchWrites: number;
  /** Milliseconds from the beginning of one commit to the next, at least: what comes meanwhile shares it. */
  commitInterval: number;
  /** Records of calls that are kept, and for how long (milliseconds). */
  callRecords: number;
  callRecordAge: number;
  /** Removed contacts that a roster remembers, so that a client learns of them later (RFC 6121 section 2.6). */
  rosterRemovals: number;
}

export const storageLimits: Readonly<StorageLimits> = {
  queuedWrites: 50_000,
  queuedReads: 5_000,
  batchWrites: 1_000,
  commitInterval: 10,
  callRecords: 200_000,
  callRecordAge: 90 * 86_400_000,
  rosterRemovals: 500,
};
