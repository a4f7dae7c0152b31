import type { Clock } from './clock.ts';

/** How long candidates are waited for once there is at least one; and at most, when there is none. */
export const GATHERING_DEADLINE = 1000;
const GATHERING_LIMIT = 5000;

/**
 * Waits until the local description is worth sending. Candidates go in the offer or answer itself (no trickle ICE: the
 * other side may be any SIP phone), so this is dead time before the other side rings. It ends with the first of: all
 * candidates gathered; a relayed candidate where a relay is configured (nothing better comes after it); the deadline.
 * A server that does not answer would otherwise cost Chromium's 10 seconds.
 */
export function gathered(connection: RTCPeerConnection, clock: Clock, deadline = GATHERING_DEADLINE): Promise<void> {
  if (connection.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    let candidates = / typ /.test(connection.localDescription?.sdp ?? '') ? 1 : 0;
    let overdue = false;
    const finish = (): void => {
      cancelDeadline();
      cancelLimit();
      connection.removeEventListener('icecandidate', onCandidate);
      connection.removeEventListener('icegatheringstatechange', onState);
      resolve();
    };
    const onCandidate = (event: RTCPeerConnectionIceEvent): void => {
      if (!event.candidate?.candidate) return;
      candidates++;
      if (overdue || / typ relay /.test(`${event.candidate.candidate} `)) finish();
    };
    const onState = (): void => {
      if (connection.iceGatheringState === 'complete') finish();
    };
    const cancelDeadline = clock.after(deadline, () => {
      overdue = true;
      if (candidates > 0) finish();
    });
    const cancelLimit = clock.after(GATHERING_LIMIT, finish);
    connection.addEventListener('icecandidate', onCandidate);
    connection.addEventListener('icegatheringstatechange', onState);
  });
}
