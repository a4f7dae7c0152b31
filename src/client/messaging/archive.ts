import { type XmlElement, xml } from '@xmpp/client';
import { type Forwarded, readArchiveResult } from './forwarded.ts';
import { NS } from './namespaces.ts';
import type { XmppConnection } from './xmpp-connection.ts';

export interface ArchivePage {
  /** Oldest first. */
  messages: Forwarded[];
  /** There is nothing before (or, going forward, after) these. */
  complete: boolean;
  /** Archive ids of the page's ends, for the next page. */
  first: string | undefined;
  last: string | undefined;
}

export interface ArchiveRequest {
  /** Whose archive: our own bare address, or a room's. */
  archive: string;
  /** Only what was exchanged with this address. */
  peer?: string;
  /** Page backwards from before that id; '' begins with the newest. */
  before?: string;
  /** Page forward from after that id. */
  after?: string;
  limit: number;
}

/** Pages of an archive (XEP-0313). Several queries may be open at once. */
export class Archive {
  readonly #connection: XmppConnection;
  readonly #open = new Map<string, { archive: string; found: Forwarded[] }>();

  constructor(connection: XmppConnection) {
    this.#connection = connection;
  }

  /** Whether the stanza was a result of a query; one that nobody asked for is swallowed and believed by nobody. */
  receive(stanza: XmlElement, self: string): boolean {
    const result = stanza.getChild('result', NS.MAM);
    if (result === undefined) return false;
    const queryId = result.attrs['queryid'] ?? '';
    const query = this.#open.get(queryId);
    if (query === undefined) return true;
    if (stanza.attrs['from'] === undefined) stanza.attrs['from'] = self;
    const forwarded = readArchiveResult(stanza, query.archive, queryId);
    if (forwarded !== undefined && forwarded !== 'forged') query.found.push(forwarded);
    return true;
  }

  async page({ archive, peer, before, after, limit }: ArchiveRequest): Promise<ArchivePage> {
    const queryid = crypto.randomUUID();
    const query = { archive, found: [] as Forwarded[] };
    this.#open.set(queryid, query);
    try {
      const result = await this.#connection.request(
        xml(
          'iq',
          { type: 'set', to: archive },
          xml(
            'query',
            { xmlns: NS.MAM, queryid },
            peer === undefined ? undefined : form({ FORM_TYPE: NS.MAM, with: peer }),
            xml(
              'set',
              { xmlns: NS.RSM },
              xml('max', {}, String(limit)),
              before === undefined ? undefined : xml('before', {}, before),
              after === undefined ? undefined : xml('after', {}, after),
            ),
          ),
        ),
      );
      const fin = result.getChild('fin', NS.MAM);
      const set = fin?.getChild('set', NS.RSM);
      return {
        messages: query.found,
        complete: fin?.attrs['complete'] === 'true',
        first: set?.getChildText('first') ?? undefined,
        last: set?.getChildText('last') ?? undefined,
      };
    } finally {
      this.#open.delete(queryid);
    }
  }
}

/** XEP-0004, submitted. */
export function form(fields: Record<string, string>): XmlElement {
  return xml(
    'x',
    { xmlns: NS.DATA_FORMS, type: 'submit' },
    ...Object.entries(fields).map(([name, value]) =>
      xml('field', { var: name, ...(name === 'FORM_TYPE' && { type: 'hidden' }) }, xml('value', {}, value)),
    ),
  );
}
