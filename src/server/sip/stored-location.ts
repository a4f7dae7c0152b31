// Bindings over a restart: those of UDP phones, whose address stays good while nobody has a connection to lose.
import type { BindingStore, StoredBinding } from '../../storage/ports.ts';
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

/** Only what can be reached again after a restart is worth keeping. */
export function isStored(binding: Binding): boolean {
  return binding.flow.transport === 'udp';
}

/**
 * A binding is stored for twice its time, so that a REGISTER which only prolongs it finds what it asks for durable already:
 * two times of three for a phone that refreshes at half of the time. What has run out while the server runs is removed
 * from the store too (SipServer's sweep): only over a restart can a binding last longer than was promised.
 */
function keptUntil(binding: Binding, now: number): number {
  return 2 * binding.expires - now;
}

/** The store does not hold what has just been promised (nor must it hold much more, once less was asked for). */
export function mustBeStored(binding: Binding, now: number): boolean {
  const { storedUntil } = binding;
  return isStored(binding) && (storedUntil < binding.expires || storedUntil > keptUntil(binding, now));
}

/** Makes the bindings of an address of record durable, in the place of what was kept for it. Resolves then. */
export async function storeBindings(
  store: BindingStore,
  aor: string,
  bindings: readonly Binding[],
  now: number,
): Promise<void> {
  const kept = bindings
    .filter((binding) => isStored(binding) && binding.expires > now)
    .map((binding) => ({ binding, registered: binding.registered, until: keptUntil(binding, now) }));
  await store.save(
    aor,
    kept.map(({ binding, until }) => storedBinding(binding, until)),
  );
  // One that was registered anew meanwhile may be another now: its own call of this function will tell.
  for (const { binding, registered, until } of kept) if (binding.registered === registered) binding.storedUntil = until;
}

function storedBinding(binding: Binding, expires: number): Omit<StoredBinding, 'aor'> {
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
  return { id, expires, data: JSON.stringify(kept) };
}

/** Puts back what was kept; what cannot be read or reached any more is left out. */
export function restoreBindings(
  stored: readonly StoredBinding[],
  location: Location,
  transports: Transports,
  log: Logger,
): Binding[] {
  const restored: Binding[] = [];
  for (const { aor, expires, data } of stored) {
    try {
      const kept = JSON.parse(data) as Kept;
      const flow = transports.udpFlow({ address: kept.address, port: kept.port }, kept.localPort);
      if (flow === undefined) continue;
      const binding: Binding = {
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
        storedUntil: expires,
        profile: kept.profile,
      };
      location.add(binding);
      restored.push(binding);
    } catch (error) {
      log.warn({ aor, error: String(error) }, 'stored binding not understood');
    }
  }
  return restored;
}
