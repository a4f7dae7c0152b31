import { encodeUtf8 } from '../../protocol/byte-string.ts';
import { type FileSelector, parseFileRange, parseFileSelector } from '../../protocol/msrp/file-selector.ts';

/** What the description of an MSRP session says (RFC 4975 section 8, RFC 5547 section 6, RFC 8864 for data channels). */
export interface MessageDescription {
  dataChannel: boolean;
  path: string[];
  acceptTypes: string[];
  setup: string | undefined;
  direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  file?: { selector: FileSelector; transferId: string | undefined; start: number };
}

/** Undefined: the description has no MSRP session in it. Throws for one that is broken. */
export function readMessageDescription(sdp: string): MessageDescription | undefined {
  const sections = sdp.split(/^m=/m).slice(1);
  const message = sections.find((section) => /^message [1-9]\d* TCP\/(?:TLS\/|WSS?\/)?MSRP /i.test(section));
  const channel = sections.find(
    (section) => /^application [1-9]/.test(section) && /^a=dcmap:\d+ .*subprotocol="msrp"/im.test(section),
  );
  const section = message ?? channel;
  if (section === undefined) return undefined;
  const id = message === undefined ? /^a=dcmap:(\d+) .*subprotocol="msrp"/im.exec(section)?.[1] : undefined;
  const prefix = id === undefined ? '' : `dcsa:${id} `;
  const attribute = (name: string) => new RegExp(`^a=${prefix}${name}:([^\\r\\n]*)`, 'm').exec(section)?.[1]?.trim();
  const selector = attribute('file-selector');
  const range = attribute('file-range');
  const direction = new RegExp(`^a=${prefix}(sendrecv|sendonly|recvonly|inactive)\\s*$`, 'm').exec(section)?.[1];
  return {
    dataChannel: message === undefined,
    path: attribute('path')?.split(/ +/) ?? [],
    acceptTypes: attribute('accept-types')?.split(/ +/) ?? [],
    setup: attribute('setup'),
    direction: (direction ?? 'sendrecv') as MessageDescription['direction'],
    ...(selector === undefined
      ? {}
      : {
          file: {
            selector: parseFileSelector(encodeUtf8(selector)),
            transferId: attribute('file-transfer-id'),
            start: range === undefined ? 1 : parseFileRange(range).start,
          },
        }),
  };
}

/** `a=` lines for an MSRP session of its own (RFC 4975 section 8.1). The port says little: the path is what counts. */
export function messageDescription(path: readonly string[], attributes: readonly string[]): string {
  const first = /:(\d+)[/;]/.exec(path[0] ?? '')?.[1] ?? '2855';
  const secure = path[0]?.startsWith('msrps:') ? 'TCP/TLS/MSRP' : 'TCP/MSRP';
  const session = Math.floor(Math.random() * 2 ** 48);
  return [
    'v=0',
    `o=- ${session} 1 IN IP4 0.0.0.0`,
    's=-',
    'c=IN IP4 0.0.0.0',
    't=0 0',
    `m=message ${first} ${secure} *`,
    `a=path:${path.join(' ')}`,
    ...attributes.map((line) => `a=${line}`),
    '',
  ].join('\r\n');
}

/** The same within the data channel's section (RFC 8873 section 4, RFC 8864 section 5). */
export function withDataChannel(sdp: string, channel: number, path: string, attributes: readonly string[]): string {
  const lines = [
    `a=dcmap:${channel} label="msrp";subprotocol="msrp"`,
    `a=dcsa:${channel} path:${path}`,
    ...attributes.map((line) => `a=dcsa:${channel} ${line}`),
  ];
  return sdp.replace(/(m=application [\s\S]*?)(?=\r\nm=|\r\n?$)/, (section) => `${section}\r\n${lines.join('\r\n')}`);
}
