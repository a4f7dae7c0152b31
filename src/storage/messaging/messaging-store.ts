import type { StorageLimits } from '../limits.ts';
import type { MessagingStore, Upload } from '../messaging.ts';
import type { Queries } from '../queries.ts';
import { Archive } from './archive.ts';
import { Documents } from './documents.ts';
import { Offline } from './offline.ts';
import { Pubsub } from './pubsub.ts';
import { Rosters } from './rosters.ts';
import { Uploads } from './uploads.ts';

const EXPORTED_AT_ONCE = 500;

/** The messaging store over whichever engine answers its queries. */
export class QueriedMessagingStore implements MessagingStore {
  readonly archive: Archive;
  readonly offline: Offline;
  readonly rosters: Rosters;
  readonly documents: Documents;
  readonly pubsub: Pubsub;
  readonly uploads: Uploads;
  readonly #queries: Queries;

  constructor(queries: Queries, limits: StorageLimits) {
    this.archive = new Archive(queries);
    this.offline = new Offline(queries);
    this.rosters = new Rosters(queries, limits);
    this.documents = new Documents(queries);
    this.pubsub = new Pubsub(queries);
    this.uploads = new Uploads(queries);
    this.#queries = queries;
  }

  async *export(owner: string): AsyncIterable<string> {
    const line = (kind: string, what: object) => JSON.stringify({ kind, ...what });
    for (const item of (await this.rosters.load(owner)).items) yield line('roster', item);
    for (const document of await this.documents.list(owner, '')) yield line('document', document);
    for (const node of await this.pubsub.nodes(owner))
      for (const item of await this.pubsub.items(owner, node, Number.MAX_SAFE_INTEGER)) yield line('item', item);
    for (const upload of await this.uploads.of(owner)) yield line('upload', upload);
    for (const message of await this.offline.list(owner)) yield line('offline', message);
    let afterId = '';
    for (;;) {
      const { messages, complete } = await this.archive.page({ owner, afterId, limit: EXPORTED_AT_ONCE });
      for (const message of messages) yield line('archive', message);
      if (complete) return;
      afterId = messages.at(-1)?.id ?? '';
    }
  }

  async erase(owner: string): Promise<Upload[]> {
    const uploads = await this.uploads.of(owner);
    await this.#queries.write(
      ['eraseWaiting', { owner }],
      ['eraseRoster', { owner }],
      ['eraseDocuments', { owner }],
      ['eraseItems', { owner }],
      ['eraseUploads', { owner }],
    );
    await this.archive.remove(owner);
    return uploads;
  }
}
