// Determining request targets (RFC 3261 section 16.5) in the location service.
import type { ByteString } from '../../protocol/byte-string.ts';
import type { SipUri } from '../../protocol/sip/uri.ts';
import type { Flow } from '../../transport/flow.ts';
import { gruuInstance } from './gruu.ts';
import type { Binding, Location } from './location.ts';
import type { Peer } from './routing.ts';

/** A place to try. */
export interface Target {
  flow: Flow;
  /** The new Request-URI; undefined: as it is. */
  uri?: ByteString;
  path?: readonly ByteString[];
  binding?: Binding;
  peer?: Peer;
  /** Other flows of the same instance, tried one after another when this one fails (RFC 5626 section 7). */
  alternatives?: Target[];
}

/**
 * The good bindings of a user, in groups of equal q, the highest first. A GRUU names one instance of them (RFC 5627
 * section 5.1), a SIPS URI only those behind TLS.
 */
export function userTargets(location: Location, aor: string, uri: SipUri, now: number): Target[][] {
  let bindings = location.reachable(aor, now);
  if (bindings.length === 0) return [];
  const instance = gruuInstance(uri);
  if (instance !== undefined) bindings = bindings.filter((binding) => binding.instance === instance);
  if (uri.scheme === 'sips')
    bindings = bindings.filter(({ flow }) => flow.transport === 'tls' || flow.transport === 'wss');
  if (bindings.length === 1) return [[bindingTarget(bindings[0]!)]];
  bindings.sort((a, b) => b.q - a.q || b.registered - a.registered);
  const groups: Target[][] = [];
  const byInstance = new Map<ByteString, Target>();
  let q = -1;
  for (const binding of bindings) {
    const target = bindingTarget(binding);
    if (binding.regId !== undefined && binding.instance !== undefined) {
      const first = byInstance.get(binding.instance);
      if (first !== undefined) {
        first.alternatives ??= [];
        first.alternatives.push(target);
        continue;
      }
      byInstance.set(binding.instance, target);
    }
    if (binding.q !== q) groups.push([]);
    q = binding.q;
    groups.at(-1)!.push(target);
  }
  return groups;
}

function bindingTarget(binding: Binding): Target {
  const target: Target = { flow: binding.flow, uri: binding.contact, binding };
  if (binding.path.length > 0) target.path = binding.path;
  return target;
}
