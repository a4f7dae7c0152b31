import { hash, X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ChannelBinding } from './connection.ts';

/** What ties an authentication to this TLS connection, as octets; undefined: it has no such binding. */
export function channelBinding(socket: TLSSocket, type: ChannelBinding): string | undefined {
  if (type === 'tls-exporter') {
    // RFC 9266 section 2: only where the handshake itself is bound to the keys, which TLS 1.3 always does.
    if (socket.getProtocol() !== 'TLSv1.3') return undefined;
    return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)).toString('latin1');
  }
  if (type === 'tls-unique') {
    // RFC 5929 section 3.1: the first Finished, which is the client's in a full handshake. COMPAT: slixmpp 1.8 knows no
    // other binding and uses it in TLS 1.3 too, where it is not defined but tells connections apart as well.
    const finished = socket.isSessionReused() ? socket.getFinished() : socket.getPeerFinished();
    return finished?.toString('latin1');
  }
  // RFC 5929 section 4.1: our certificate, by the hash of its own signature, but never a weaker one than SHA-256.
  const certificate = socket.getCertificate();
  if (certificate === null || !('raw' in certificate)) return undefined;
  return hash(signatureHash(certificate.raw), certificate.raw, 'buffer').toString('latin1');
}

function signatureHash(raw: Buffer): string {
  const found = /sha-?(384|512)/i.exec(new X509Certificate(raw).signatureAlgorithm ?? '');
  return found === null ? 'sha256' : `sha${found[1]}`;
}
