/**
 * The few facts that the SDK reads from a session description (RFC 8866) itself; the rest is the browser's business.
 * Descriptions here are UTF-16, as RTCPeerConnection has them.
 */

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface MediaSummary {
  kind: string;
  /** Port 0: the media description is rejected or has been removed (RFC 3264 section 6). */
  active: boolean;
  direction: Direction;
}

/** The media descriptions in order, each with the direction that holds for it. */
export function summarizeMedia(sdp: string): MediaSummary[] {
  const [session = '', ...sections] = sdp.split(/^m=/m);
  const sessionDirection = directionOf(session) ?? 'sendrecv';
  return sections.map((section) => {
    const [kind = '', port = '0'] = section.split(' ', 2);
    let direction = directionOf(section) ?? sessionDirection;
    // RFC 2543's hold: an address of zero says "send nothing here", whatever the direction (RFC 3264 section 8.4);
    // with ICE it is a placeholder
    const connection = /^c=IN IP4 (\S+)/m.exec(section)?.[1] ?? /^c=IN IP4 (\S+)/m.exec(session)?.[1];
    if (connection === '0.0.0.0' && !/^a=ice-ufrag:/m.test(sdp))
      direction = direction === 'sendrecv' || direction === 'sendonly' ? 'sendonly' : 'inactive';
    return { kind, active: port !== '0', direction };
  });
}

/**
 * The other side holds us when it does not want to receive: its audio is `sendonly` or `inactive` (RFC 3264 section 8.4).
 * A description of video alone is judged by its video.
 */
export function isHold(sdp: string): boolean {
  const media = summarizeMedia(sdp).filter((description) => description.active);
  const judged = media.filter((description) => description.kind === 'audio');
  const all = judged.length > 0 ? judged : media.filter((description) => description.kind === 'video');
  return all.length > 0 && all.every(({ direction }) => direction === 'sendonly' || direction === 'inactive');
}

/** Whether there is sound or a picture in it at all: messages and files are no call. */
export function hasMedia(sdp: string): boolean {
  return summarizeMedia(sdp).some(({ kind, active }) => active && (kind === 'audio' || kind === 'video'));
}

/** Whether the description asks for, or brings, pictures. */
export function hasVideo(sdp: string): boolean {
  return summarizeMedia(sdp).some(
    ({ kind, active, direction }) => kind === 'video' && active && direction !== 'inactive',
  );
}

function directionOf(section: string): Direction | undefined {
  return /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m.exec(section)?.[1] as Direction | undefined;
}
