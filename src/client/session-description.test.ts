import { expect, test } from 'vitest';
import { hasVideo, isHold, summarizeMedia } from './session-description.ts';

const sdp = (...lines: string[]) => ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', ...lines, ''].join('\r\n');

test('directions come from the media description, else the session, else sendrecv', () => {
  expect(
    summarizeMedia(
      sdp('a=recvonly', 'm=audio 9 RTP/AVP 0', 'm=video 9 RTP/AVP 96', 'a=sendonly', 'm=video 0 RTP/AVP 96'),
    ),
  ).toEqual([
    { kind: 'audio', active: true, direction: 'recvonly' },
    { kind: 'video', active: true, direction: 'sendonly' },
    { kind: 'video', active: false, direction: 'recvonly' },
  ]);
  expect(summarizeMedia(sdp('m=audio 9 RTP/AVP 0'))[0]?.direction).toBe('sendrecv');
});

test('hold is audio that is sendonly or inactive, or the address zero of RFC 2543', () => {
  expect(isHold(sdp('m=audio 9 RTP/AVP 0', 'a=sendonly'))).toBe(true);
  expect(isHold(sdp('m=audio 9 RTP/AVP 0', 'a=inactive', 'm=video 9 RTP/AVP 96', 'a=sendrecv'))).toBe(true);
  expect(isHold(sdp('m=audio 9 RTP/AVP 0', 'a=recvonly'))).toBe(false);
  expect(isHold(sdp('c=IN IP4 0.0.0.0', 'm=audio 9 RTP/AVP 0'))).toBe(true);
  // with ICE the address is a placeholder
  expect(isHold(sdp('m=audio 9 RTP/AVP 0', 'c=IN IP4 0.0.0.0', 'a=ice-ufrag:abcd'))).toBe(false);
  expect(isHold(sdp('m=audio 0 RTP/AVP 0', 'a=inactive'))).toBe(false);
});

test('pictures are offered unless the video is rejected or inactive', () => {
  expect(hasVideo(sdp('m=audio 9 RTP/AVP 0'))).toBe(false);
  expect(hasVideo(sdp('m=video 9 RTP/AVP 96'))).toBe(true);
  expect(hasVideo(sdp('m=video 9 RTP/AVP 96', 'a=inactive'))).toBe(false);
  expect(hasVideo(sdp('m=video 0 RTP/AVP 96'))).toBe(false);
});
