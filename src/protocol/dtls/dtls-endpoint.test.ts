import { expect, test } from 'vitest';
import { CERTIFICATES, DtlsPair, fingerprintOf } from '../../../test/support/dtls-pair.ts';
import { splitKeyingMaterial } from './srtp-profile.ts';

test('two endpoints connect in two round trips and agree on the keys of SRTP', () => {
  const pair = new DtlsPair().start().run(40);
  expect(pair.agreed()).toBe(true);
  const client = pair.event('client', 'connected');
  const server = pair.event('server', 'connected');
  expect(client.srtpProfile).toBe('SRTP_AEAD_AES_128_GCM');
  expect(client.keyingMaterial).toHaveLength(56);
  expect(client.fingerprint).toEqual(fingerprintOf(CERTIFICATES.server));
  expect(server.peerCertificate).toEqual(CERTIFICATES.client.der);
  const ours = splitKeyingMaterial(client.srtpProfile, 'client', client.keyingMaterial);
  const theirs = splitKeyingMaterial(server.srtpProfile, 'server', server.keyingMaterial);
  expect(ours.local).toEqual(theirs.remote);
  expect(ours.remote).toEqual(theirs.local);
  expect(ours.local.key).not.toEqual(ours.remote.key);
});
