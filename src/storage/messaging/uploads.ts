import type { Upload, UploadStore } from '../messaging.ts';
import type { Queries } from '../queries.ts';
import type { Row } from '../statements.ts';

const EXPIRED_AT_ONCE = 500;

export class Uploads implements UploadStore {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  async add({ id, owner, name, type, size, created }: Upload, quota: number): Promise<boolean> {
    return (await this.#queries.write(['addUpload', { id, owner, name, type, size, created, quota }])) === 1;
  }

  async find(id: string): Promise<Upload | undefined> {
    const [row] = await this.#queries.read('upload', { id });
    return row === undefined ? undefined : uploadOf(row);
  }

  async markStored(id: string): Promise<boolean> {
    return (await this.#queries.write(['markStored', { id }])) === 1;
  }

  async expire(before: number, unstored: number): Promise<Upload[]> {
    const expired: Upload[] = [];
    for (;;) {
      const rows = await this.#queries.read('uploadsBefore', { before, unstored, limit: EXPIRED_AT_ONCE });
      if (rows.length === 0) return expired;
      await this.#queries.write(...rows.map(({ id }) => ['removeUpload', { id: id as string }] as const));
      expired.push(...rows.map(uploadOf));
    }
  }

  async of(owner: string): Promise<Upload[]> {
    return (await this.#queries.read('uploadsOf', { owner })).map(uploadOf);
  }
}

function uploadOf(row: Row): Upload {
  return { ...(row as unknown as Upload), stored: row['stored'] === 1 };
}
