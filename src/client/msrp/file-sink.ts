/** Where a file that comes in is put: a writable file of the file system, for instance. Octets come once and in order. */
export interface FileSink {
  /** A promise holds the sender back until it is settled. */
  write(octets: Uint8Array<ArrayBuffer>): void | Promise<void>;
}

const PART = 4 * 1024 * 1024;

/** Keeps it in Blobs, which a browser may put on its disk. */
export class BlobSink implements FileSink {
  readonly #parts: Blob[] = [];
  #waiting: Uint8Array<ArrayBuffer>[] = [];
  #octets = 0;

  write(octets: Uint8Array<ArrayBuffer>): void {
    this.#waiting.push(octets);
    this.#octets += octets.length;
    if (this.#octets >= PART) this.#flush();
  }

  blob(type: string): Blob {
    this.#flush();
    return new Blob(this.#parts, { type });
  }

  #flush(): void {
    this.#parts.push(new Blob(this.#waiting));
    this.#waiting = [];
    this.#octets = 0;
  }
}
