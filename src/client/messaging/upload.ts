import { xml } from '@xmpp/client';
import { ClientError } from '../errors.ts';
import { NS } from './namespaces.ts';
import type { XmppConnection } from './xmpp-connection.ts';

/** What is uploaded: a File is one. */
export interface Uploadable {
  name: string;
  type: string;
  size: number;
}

/** Finds the domain's upload service (XEP-0363 section 3) and puts files there. */
export class Uploads {
  readonly #connection: XmppConnection;
  readonly #fetch: typeof fetch;
  #service: Promise<string> | undefined;

  constructor(connection: XmppConnection, fetcher: typeof fetch = (...args) => fetch(...args)) {
    this.#connection = connection;
    this.#fetch = fetcher;
  }

  /** Resolves with the file's URL. Rejects with REJECTED (too large, quota, type) or NOT_CONNECTED. */
  async put(domain: string, file: Uploadable & Blob): Promise<string> {
    const service = await this.#find(domain);
    const request = xml('request', {
      xmlns: NS.UPLOAD,
      filename: file.name,
      size: String(file.size),
      'content-type': file.type || 'application/octet-stream',
    });
    const result = await this.#connection.request(xml('iq', { type: 'get', to: service }, request));
    const slot = result.getChild('slot', NS.UPLOAD);
    const put = slot?.getChild('put');
    const get = slot?.getChild('get')?.attrs['url'];
    if (put?.attrs['url'] === undefined || get === undefined)
      throw new ClientError('REJECTED', 'no place for the file');
    // Only the headers that the XEP allows a service to ask for (section 4).
    const headers = new Headers({ 'content-type': file.type || 'application/octet-stream' });
    for (const header of put.getChildren('header')) {
      const name = header.attrs['name'] ?? '';
      if (/^(?:authorization|cookie|expires)$/i.test(name)) headers.set(name, header.text());
    }
    const response = await this.#fetch(put.attrs['url'], { method: 'PUT', body: file, headers });
    if (!response.ok) throw new ClientError('REJECTED', 'the file was refused', response.status);
    return get;
  }

  #find(domain: string): Promise<string> {
    this.#service ??= this.#discover(domain).catch((error) => {
      this.#service = undefined;
      throw error;
    });
    return this.#service;
  }

  async #discover(domain: string): Promise<string> {
    const items = await this.#connection.request(
      xml('iq', { type: 'get', to: domain }, xml('query', { xmlns: NS.DISCO_ITEMS })),
    );
    for (const item of items.getChild('query', NS.DISCO_ITEMS)?.getChildren('item') ?? []) {
      const jid = item.attrs['jid'];
      if (jid === undefined) continue;
      const info = await this.#connection
        .request(xml('iq', { type: 'get', to: jid }, xml('query', { xmlns: NS.DISCO_INFO })))
        .catch(() => undefined);
      const features = info?.getChild('query', NS.DISCO_INFO)?.getChildren('feature') ?? [];
      if (features.some(({ attrs }) => attrs['var'] === NS.UPLOAD)) return jid;
    }
    throw new ClientError('REJECTED', 'this server takes no files');
  }
}
