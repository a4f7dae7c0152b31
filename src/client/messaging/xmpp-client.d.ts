// What we use of @xmpp/client, which brings no types (those of DefinitelyTyped bring thirty packages with them).
declare module '@xmpp/client' {
  export interface XmlElement {
    name: string;
    attrs: Record<string, string | undefined>;
    children: Array<XmlElement | string>;
    is(name: string, namespace?: string): boolean;
    getNS(): string | undefined;
    getChild(name: string, namespace?: string): XmlElement | undefined;
    getChildren(name: string, namespace?: string): XmlElement[];
    getChildElements(): XmlElement[];
    getChildText(name: string, namespace?: string): string | null;
    text(): string;
    toString(): string;
  }

  export interface Mechanism {
    name: string;
    clientFirst: boolean;
    response(credentials: object): string;
    challenge(text: string): void;
  }

  export type Authenticate = (
    credentials: { username?: string; password?: string },
    mechanism: string,
    userAgent?: XmlElement,
  ) => Promise<void>;

  interface Events {
    on(name: string, listener: (...values: never[]) => void): void;
  }

  export interface Entity extends Events {
    jid: { toString(): string } | null;
    status: string;
    options: { service?: string; domain?: string };
    connect(service: string): Promise<unknown>;
    open(options: { domain: string }): Promise<unknown>;
    disconnect(): Promise<unknown>;
    stop(): Promise<unknown>;
    send(element: XmlElement): Promise<void>;
    reconnect: { stop(): void };
    iqCaller: { request(iq: XmlElement, timeout?: number): Promise<XmlElement> };
    streamManagement: Events & { enabled: boolean; requestAckDebounce: number };
    saslFactory: { use(name: string, mechanism: new () => Mechanism): unknown };
  }

  export function client(options: {
    service: string;
    domain: string;
    resource?: string;
    credentials: (authenticate: Authenticate, mechanisms: string[], fast: unknown, entity: Entity) => Promise<void>;
  }): Entity;

  export function xml(
    name: string,
    attributes?: Record<string, string | undefined>,
    ...children: Array<XmlElement | string | undefined>
  ): XmlElement;
}
