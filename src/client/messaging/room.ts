import { type XmlElement, xml } from '@xmpp/client';
import { ClientError } from '../errors.ts';
import { bareOf, resourceOf } from './address.ts';
import { Conversation, type ConversationPort } from './conversation.ts';
import type { Occupant } from './conversation-events.ts';
import { NS } from './namespaces.ts';
import { readPresence } from './roster.ts';

/** How long the room may take to let us in, in milliseconds. */
const JOINING = 15_000;

/** A room (XEP-0045) as one of its occupants sees it. */
export class Room extends Conversation {
  readonly #occupants = new Map<string, Occupant>();
  #nickname: string | undefined;
  #joined = false;
  #joining: { resolve(): void; reject(error: ClientError): void } | undefined;
  #password: string | undefined;
  #subject = '';

  constructor(port: ConversationPort, address: string) {
    super(port, address, 'groupchat');
  }

  get joined(): boolean {
    return this.#joined;
  }

  get nickname(): string | undefined {
    return this.#nickname;
  }

  get subject(): string {
    return this.#subject;
  }

  get occupants(): readonly Occupant[] {
    return [...this.#occupants.values()];
  }

  protected override get sender(): string | undefined {
    return this.#nickname === undefined ? undefined : `${this.address}/${this.#nickname}`;
  }

  /** Rejects with REJECTED and the room's condition (`conflict`: the nickname is taken; `not-authorized`: a password). */
  async join(nickname: string, password?: string): Promise<void> {
    this.#nickname = nickname;
    this.#password = password;
    this.#occupants.clear();
    const entered = new Promise<void>((resolve, reject) => {
      this.#joining = { resolve, reject };
      setTimeout(() => reject(new ClientError('TIMEOUT', 'the room did not answer')), JOINING);
    });
    await this.port.connection.send(
      xml(
        'presence',
        { to: `${this.address}/${nickname}` },
        xml(
          'x',
          { xmlns: NS.MUC },
          password === undefined ? undefined : xml('password', {}, password),
          // The archive has the history, in pages and with ids.
          xml('history', { maxstanzas: '0' }),
        ),
      ),
    );
    await entered;
    await this.catchUp().catch(() => {}); // a room may keep no archive
  }

  async leave(): Promise<void> {
    if (!this.#joined) return;
    await this.port.connection.send(xml('presence', { to: this.sender, type: 'unavailable' }));
  }

  async setSubject(text: string): Promise<void> {
    await this.port.connection.send(xml('message', { to: this.address, type: 'groupchat' }, xml('subject', {}, text)));
  }

  async invite(address: string, reason?: string): Promise<void> {
    const invitation = xml('invite', { to: address }, reason === undefined ? undefined : xml('reason', {}, reason));
    await this.port.connection.send(xml('message', { to: this.address }, xml('x', { xmlns: NS.MUC_USER }, invitation)));
  }

  /** A new session began: the room has forgotten us. */
  async rejoin(): Promise<void> {
    if (this.#joined && this.#nickname !== undefined) await this.join(this.#nickname, this.#password);
  }

  receiveSubject(text: string): void {
    this.#subject = text;
    this.emit('subject', text);
  }

  receivePresence(presence: XmlElement): void {
    const nickname = resourceOf(presence.attrs['from'] ?? '');
    const type = presence.attrs['type'];
    if (type === 'error') {
      this.#refused(presence);
      return;
    }
    if (nickname === undefined || (type !== undefined && type !== 'unavailable')) return;
    const x = presence.getChild('x', NS.MUC_USER);
    const item = x?.getChild('item');
    const codes = new Set(x?.getChildren('status').map(({ attrs }) => attrs['code']));
    const own = codes.has('110');
    if (type === 'unavailable') {
      this.#occupants.delete(nickname);
      if (own && codes.has('303')) this.#nickname = item?.attrs['nick'] ?? this.#nickname;
      else if (own) this.#gone(codes, x, item);
    } else {
      this.#occupants.set(nickname, {
        nickname,
        address: item?.attrs['jid'] === undefined ? undefined : bareOf(item.attrs['jid']),
        role: (item?.attrs['role'] ?? 'none') as Occupant['role'],
        affiliation: (item?.attrs['affiliation'] ?? 'none') as Occupant['affiliation'],
        presence: readPresence(presence),
      });
      if (own) {
        this.#nickname = nickname;
        this.#joined = true;
        // A room that we made is locked until its owner has taken, here unchanged, its configuration (section 10.1.2).
        if (codes.has('201')) void this.#unlock();
        else this.#joining?.resolve();
      }
    }
    this.emit('occupants', this.occupants);
  }

  async #unlock(): Promise<void> {
    const taken = xml('query', { xmlns: NS.MUC_OWNER }, xml('x', { xmlns: NS.DATA_FORMS, type: 'submit' }));
    await this.port.connection
      .request(xml('iq', { to: this.address, type: 'set' }, taken))
      .then(() => this.#joining?.resolve(), this.#joining?.reject);
  }

  #refused(presence: XmlElement): void {
    const error = presence.getChild('error');
    const condition = error?.getChildElements().find((child) => child.name !== 'text')?.name ?? 'undefined-condition';
    this.#joining?.reject(new ClientError('REJECTED', condition));
  }

  #gone(codes: Set<string | undefined>, x: XmlElement | undefined, item: XmlElement | undefined): void {
    this.#joined = false;
    this.#occupants.clear();
    const by = x?.getChild('destroy') ? 'destroyed' : codes.has('301') ? 'ban' : codes.has('307') ? 'kick' : 'us';
    this.emit('left', { by, reason: item?.getChildText('reason') ?? undefined });
  }
}
