import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Upload, UploadStore } from '../../storage/messaging.ts';
import type { UploadLimits } from './limits.ts';

/** Of a file that is still coming in. */
const PARTIAL = '.part';
const ID = /^[\w-]{32}$/;
/** RFC 9110 section 8.3.1, parameters left out. */
const MEDIA_TYPE = /^[a-z\d][a-z\d!#$&^_.+-]{0,63}\/[a-z\d][a-z\d!#$&^_.+-]{0,63}$/;

export interface UploadFolderOptions {
  folder: string;
  store: UploadStore;
  limits: UploadLimits;
  /** Media types that are taken, `image/*` for all of a kind; none: every one. Read at each call. */
  types: () => readonly string[];
  /** Signs the permission to put a file; a byte string. */
  secret: string;
  /** Unix time in milliseconds. */
  now: () => number;
}

/** A place for one file: who has the token may put it there, once; who has the id may read it. */
export interface Slot {
  id: string;
  token: string;
}

export type SlotRefusal = 'name' | 'type' | 'size' | 'quota';
export type PutOutcome = 'stored' | 'unknown' | 'forbidden' | 'taken' | 'busy' | 'size' | 'incomplete';

/** Uploaded files (XEP-0363): a row in the store each, and the octets in a file named by an id that nobody can guess. */
export class UploadFolder {
  readonly limits: UploadLimits;
  readonly #options: UploadFolderOptions;
  #incoming = 0;

  constructor(options: UploadFolderOptions) {
    this.#options = options;
    this.limits = options.limits;
    const { folder } = options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // What a process that died had begun can be put again.
    for (const name of readdirSync(folder)) if (name.endsWith(PARTIAL)) rmSync(join(folder, name), { force: true });
  }

  /** `owner`: bare address. */
  async slot(owner: string, file: { name: string; size: number; type?: string }): Promise<Slot | SlotRefusal> {
    const { store, limits, now } = this.#options;
    const { name, size } = file;
    const type = file.type === undefined ? 'application/octet-stream' : mediaType(file.type);
    // (A dot or two would be taken out of the URL on its way.)
    if (/^\.{0,2}$/.test(name) || /[\u0000-\u001f\u007f/\\]/.test(name) || Buffer.byteLength(name) > limits.nameOctets)
      return 'name';
    if (type === undefined || !this.#takes(type)) return 'type';
    if (!Number.isSafeInteger(size) || size < 1 || size > limits.fileOctets) return 'size';
    const id = randomBytes(24).toString('base64url');
    const upload: Upload = { id, owner, name, type, size, created: now(), stored: false };
    if (!(await store.add(upload, limits.accountOctets))) return 'quota';
    return { id, token: this.#token(id) };
  }

  /**
   * Takes the file in, and resolves when it is durable. `size`: what is announced, in octets. Throws what the disk or the
   * store throws; then, and whenever it is not stored, nothing is left of it.
   */
  async put(id: string, token: string, size: number, octets: AsyncIterable<Uint8Array>): Promise<PutOutcome> {
    const upload = await this.#find(id);
    if (upload === undefined) return 'unknown';
    if (!sameText(token, this.#token(id))) return 'forbidden';
    if (upload.stored) return 'taken';
    if (size !== upload.size) return 'size';
    if (this.#incoming >= this.limits.uploadsAtOnce) return 'busy';
    this.#incoming += 1;
    try {
      return await this.#write(upload, octets);
    } finally {
      this.#incoming -= 1;
    }
  }

  /** A file that is there. */
  async find(id: string): Promise<{ upload: Upload; path: string } | undefined> {
    const upload = await this.#find(id);
    return upload?.stored ? { upload, path: join(this.#options.folder, id) } : undefined;
  }

  /** Takes away what is too old, what was never put, and what a process that died has left. */
  async sweep(): Promise<void> {
    const { folder, store, limits, now } = this.#options;
    await this.remove(await store.expire(now() - limits.keep, now() - limits.unused));
    for (const name of await readdir(folder)) {
      const { mtimeMs } = await stat(join(folder, name)).catch(() => ({ mtimeMs: now() }));
      const life = name.endsWith(PARTIAL) ? limits.unused : limits.keep + 86_400_000;
      if (mtimeMs < now() - life) await rm(join(folder, name), { force: true });
    }
  }

  /** Takes away the files of rows that are gone. */
  async remove(uploads: readonly Upload[]): Promise<void> {
    for (const { id } of uploads) await rm(join(this.#options.folder, id), { force: true });
  }

  async #find(id: string): Promise<Upload | undefined> {
    return ID.test(id) ? this.#options.store.find(id) : undefined;
  }

  async #write({ id, size }: Upload, octets: AsyncIterable<Uint8Array>): Promise<PutOutcome> {
    const path = join(this.#options.folder, id);
    const file = await open(path + PARTIAL, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined;
      throw error;
    });
    if (file === undefined) return 'taken';
    try {
      let written = 0;
      try {
        for await (const piece of octets) {
          written += piece.length;
          if (written > size) return 'size';
          await file.writeFile(piece); // all of it: a single write may take a part, and say so only by a number
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).syscall === 'write') throw error; // the disk's fault, not the peer's
        return 'incomplete';
      }
      if (written < size) return 'incomplete';
      await file.sync();
      await rename(path + PARTIAL, path);
      await syncFolder(this.#options.folder);
      if (await this.#options.store.markStored(id)) return 'stored';
      // Its owner's data was erased meanwhile, or its time was up.
      await rm(path, { force: true });
      return 'unknown';
    } finally {
      await file.close();
      await rm(path + PARTIAL, { force: true });
    }
  }

  #takes(type: string): boolean {
    const types = this.#options.types();
    return types.length === 0 || types.includes(type) || types.includes(`${type.split('/', 1)[0]}/*`);
  }

  #token(id: string): string {
    const secret = Buffer.from(this.#options.secret, 'latin1');
    return createHmac('sha256', secret).update(`put upload ${id}`).digest('base64url');
  }
}

/** That the file is there under its name survives a power cut, too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function mediaType(text: string): string | undefined {
  const type = (text.split(';', 1)[0] as string).trim().toLowerCase();
  return MEDIA_TYPE.test(type) ? type : undefined;
}

function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
