export type StorageErrorCode = 'STORAGE_BUSY' | 'STORAGE_FAILED' | 'STORAGE_CLOSED';

/** What was asked for is not done, or for a write: is not known to be durable. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string) {
    super(message);
    this.name = 'StorageError';
    this.code = code;
  }
}
