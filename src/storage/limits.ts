/** Every bound of the store, with its default. */
export interface StorageLimits {
  /** Writes waiting for the writer: beyond it a write is refused, and whoever asked says so to its peer. */
  queuedWrites: number;
  /** Writes of one commit. */
  batchWrites: number;
  /** Records of calls that are kept, and for how long (milliseconds). */
  callRecords: number;
  callRecordAge: number;
}

export const storageLimits: Readonly<StorageLimits> = {
  queuedWrites: 50_000,
  batchWrites: 1_000,
  callRecords: 200_000,
  callRecordAge: 90 * 86_400_000,
};
