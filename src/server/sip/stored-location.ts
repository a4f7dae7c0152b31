// Bindings over a restart: those of UDP phones, whose address stays good while nobody has a connection to lose.
import type { StoredBinding } from '../../storage/ports.ts';
import type { Binding, Location } from './location.ts';
import type { Logger, Transports } from './ports.ts';
import type { Profile } from './profile.ts';

interface Kept {
  contact: string;
  parameters: string;
  instance?: string;
  regId?: number;
  q: number;
  path: readonly string[];
  callId: string;
  cseq: number;
  address: string;
  port: number;
  localPort: number;
  profile?: Profile;
}

/** What is to be kept of an address of record. */
export function storedBindings(bindings: readonly Binding[], now: number): Array<Omit<StoredBinding, 'aor'>> {
  const stored: Array<Omit<StoredBinding, 'aor'>> = [];
  for (const binding of bindings) {
    if (binding.flow.transport !== 'udp' || binding.expires <= now) continue;
    const kept: Kept = {
      contact: binding.contact,
      parameters: binding.contactParameters,
      q: binding.q,
      path: binding.path,
      callId: binding.callId,
      cseq: binding.cseq,
      address: binding.flow.remote.address,
      port: binding.flow.remote.port,
      localPort: binding.flow.local.port,
    };
    if (binding.instance !== undefined) kept.instance = binding.instance;
    if (binding.regId !== undefined) kept.regId = binding.regId;
    if (binding.profile !== undefined) kept.profile = binding.profile;
    const id = binding.regId === undefined ? binding.contact : `${binding.instance};${binding.regId}`;
    stored.push({ id, expires: binding.expires, data: JSON.stringify(kept) });
  }
  return stored;
}

/** Puts back what was kept; what cannot be read or reached any more is left out. */
export function restoreBindings(
  stored: readonly StoredBinding[],
  location: Location,
  transports: Transports,
  log: Logger,
): number {
  let restored = 0;
  for (const { aor, expires, data } of stored) {
    try {
      const kept = JSON.parse(data) as Kept;
      const flow = transports.udpFlow({ address: kept.address, port: kept.port }, kept.localPort);
      if (flow === undefined) continue;
      location.add({
        aor,
        id: location.bindingId(aor, kept.instance ?? kept.contact),
        contact: kept.contact,
        contactParameters: kept.parameters,
        instance: kept.instance,
        regId: kept.regId,
        q: kept.q,
        path: kept.path,
        callId: kept.callId,
        cseq: kept.cseq,
        flow,
        expires,
        registered: location.nextRegistration(),
        profile: kept.profile,
      });
      restored += 1;
    } catch (error) {
      log.warn({ aor, error: String(error) }, 'stored binding not understood');
    }
  }
  return restored;
}
