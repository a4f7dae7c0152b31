import { encodeUtf8 } from '../../protocol/byte-string.ts';
import { type FileSelector, parseFileRange, parseFileSelector } from '../../protocol/msrp/file-selector.ts';
import { tryOr } from '../../protocol/msrp/try-or.ts';

/** What the description of an MSRP session says (RFC 4975 section 8, RFC 5547 section 6, RFC 8864 for data channels). */
export interface MessageDescription {
  dataChannel: boolean;
  path: string[];
  acceptTypes: string[];
  acceptWrappedTypes: string[];
  setup: string | undefined;
  direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  file?: { selector: FileSelector; transferId: string | undefined; start: number };
}

const SESSION = /^message [1-9]\d* TCP\/(?:TLS\/|WSS?\/)?MSRP /i;

/** Undefined: the description has no MSRP session in it. Throws for one that is broken. */
export function readMessageDescription(sdp: string): MessageDescription | undefined {
  const sections = sdp.split(/^m=/m).slice(1);
  const message = sections.find((section) => SESSION.test(section));
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
    acceptWrappedTypes: attribute('accept-wrapped-types')?.split(/ +/) ?? [],
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

/** Whether those who offered or answered that offer the same session, and the same file, once more. */
export function isSameSession(before: MessageDescription, sdp: string): boolean {
  const now = tryOr(undefined, () => readMessageDescription(sdp));
  const what = ({ path, file }: MessageDescription) => JSON.stringify([path, file?.transferId, file?.selector.hash]);
  return now !== undefined && what(now) === what(before);
}

/** RFC 4145 section 4.1: who speaks first, as the answer to that. */
export function answeredSetup(setup: string | undefined): 'active' | 'passive' {
  return setup === 'passive' ? 'active' : 'passive';
}

/** Whether a list of media types (`message/cpim text/*`) has that one. */
export function takesType(types: readonly string[], type: string): boolean {
  const [main] = type.split('/');
  return types.some((listed) => ['*', type, `${main}/*`].includes(listed.toLowerCase()));
}

/**
 * `a=` lines for an MSRP session of its own (RFC 4975 section 8.1). The port says little: the path is what counts. `offer`:
 * what this answers. Its other media are declined, each in its place, and the transport is as offered (RFC 3264 section 6).
 */
export function messageDescription(path: readonly string[], attributes: readonly string[], offer?: string): string {
  const first = /:(\d+)[/;]/.exec(path[0] ?? '')?.[1] ?? '2855';
  const secure = path[0]?.startsWith('msrps:') ? 'TCP/TLS/MSRP' : 'TCP/MSRP';
  const session = Math.floor(Math.random() * 2 ** 48);
  const own = (transport: string) => [
    `m=message ${first} ${transport} *`,
    `a=path:${path.join(' ')}`,
    ...attributes.map((line) => `a=${line}`),
  ];
  const offered = offer?.split(/^m=/m).slice(1) ?? [];
  const taken = offered.findIndex((section) => SESSION.test(section));
  const media = offered.map((section, index) => {
    const [type, , transport, ...formats] = (section.split(/\r?\n/, 1)[0] ?? '').split(' ');
    return index === taken ? own(transport ?? secure) : [`m=${type} 0 ${transport} ${formats.join(' ')}`];
  });
  return [
    'v=0',
    `o=- ${session} 1 IN IP4 0.0.0.0`,
    's=-',
    'c=IN IP4 0.0.0.0',
    't=0 0',
    ...(taken === -1 ? own(secure) : media.flat()),
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
