import { expect, test } from 'vitest';
import { sdpVector } from '../../../test/support/sdp-vectors.ts';
import { type Codec, parseRtpmap, sameCodec, serializeRtpmap, staticCodec } from './codec.ts';
import { formatParameters } from './format-parameters.ts';
import { parseDescription } from './session-description.ts';

function codec(rtpmap: string, format?: string): Codec {
  const parsed = parseRtpmap(`96 ${rtpmap}`) as Codec;
  return format === undefined ? parsed : { ...parsed, format };
}

test('a codec is its name without case, its clock rate and its channels', () => {
  expect(sameCodec(codec('PCMU/8000'), codec('pcmu/8000/1'))).toBe(true);
  expect(sameCodec(codec('opus/48000/2'), codec('opus/48000'))).toBe(false);
  expect(sameCodec(codec('L16/8000'), codec('L16/16000'))).toBe(false);
  expect(sameCodec(codec('telephone-event/8000'), codec('telephone-event/48000'))).toBe(false);
  expect(sameCodec(codec('telephone-event/8000', '0-15'), codec('telephone-event/8000', '0-16'))).toBe(true);
});

test('H.264 is one codec for each profile and packetization mode, whatever the level', () => {
  const h264 = (format?: string): Codec => codec('H264/90000', format);
  const mode1 = h264('packetization-mode=1;profile-level-id=42e01f');
  expect(sameCodec(mode1, h264('profile-level-id=42E034; packetization-mode=1'))).toBe(true);
  // Constrained Baseline by another way of writing it (RFC 6184 table 5).
  expect(sameCodec(mode1, h264('packetization-mode=1;profile-level-id=4d801f'))).toBe(true);
  expect(sameCodec(mode1, h264('packetization-mode=0;profile-level-id=42e01f'))).toBe(false);
  expect(sameCodec(mode1, h264('packetization-mode=1;profile-level-id=64001f'))).toBe(false);
  expect(sameCodec(h264(), h264('profile-level-id=42001f'))).toBe(true);
});

test('VP9 and AV1 are one codec for each profile', () => {
  expect(sameCodec(codec('VP9/90000'), codec('VP9/90000', 'profile-id=0'))).toBe(true);
  expect(sameCodec(codec('VP9/90000'), codec('VP9/90000', 'profile-id=2'))).toBe(false);
  expect(sameCodec(codec('AV1/90000', 'profile=1'), codec('AV1/90000', 'level-idx=5;profile=0'))).toBe(false);
});

test('static payload types need no rtpmap, dynamic ones without it are unknown', () => {
  expect(staticCodec(9)).toEqual({ payloadType: 9, name: 'G722', clockRate: 8000, channels: 1 });
  expect(staticCodec(96)).toBeUndefined();
  const text = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 1 RTP/AVP 8 96 0 8\r\n';
  expect(parseDescription(text).media[0]?.codecs.map(({ name }) => name)).toEqual(['PCMA', 'PCMU']);
});

test('rtpmap is written as it was read', () => {
  for (const text of ['111 opus/48000/2', '0 PCMU/8000', '101 telephone-event/8000'])
    expect(serializeRtpmap(parseRtpmap(text) as Codec)).toBe(text);
  for (const text of ['', '128 x/8000', '1 x', '1 x/y', '96 /8000', '9'.repeat(9999)])
    expect(parseRtpmap(text)).toBeUndefined();
});

test('the codecs of an offer come in its order, with format and feedback', () => {
  const video = parseDescription(sdpVector('chromium-audio-video-offer')).media[1];
  expect(video?.codecs.slice(0, 3)).toEqual([
    { payloadType: 96, name: 'VP8', clockRate: 90_000, channels: 1 },
    { payloadType: 97, name: 'rtx', clockRate: 90_000, channels: 1, format: 'apt=96' },
    {
      payloadType: 102,
      name: 'H264',
      clockRate: 90_000,
      channels: 1,
      format: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
    },
  ]);
  expect(video?.feedback(96)).toEqual(['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli']);
});

test('a name that nobody has, and parameters without end, cost little', () => {
  expect(parseRtpmap(`96 ${'x'.repeat(65)}/8000`)).toBeUndefined();
  expect(formatParameters('a=1;'.repeat(10) + 'b;'.repeat(30_000)).get('a')).toBe('1');
  expect(formatParameters(Array.from({ length: 30_000 }, (_, i) => `a${i}=1`).join(';')).size).toBe(64);
});
