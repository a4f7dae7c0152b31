// One UDP port serves every session: a check is for the agent whose user name fragment it carries.
import type { ByteString } from '../byte-string.ts';
import { checkUsername } from './check.ts';
import type { LiteAgent } from './lite-agent.ts';

export class CheckRouter {
  private readonly agents = new Map<ByteString, Set<LiteAgent>>();
  private readonly fragments = new Map<LiteAgent, Set<ByteString>>();

  /** Also after each restart: for the new fragment. */
  add(agent: LiteAgent): void {
    const { ufrag } = agent.local;
    setOf(this.agents, ufrag).add(agent);
    const own = setOf(this.fragments, agent).add(ufrag);
    // A peer that restarts again and again leaves nothing behind.
    for (const old of own) {
      if (agent.answersTo(old)) continue;
      own.delete(old);
      this.forget(old, agent);
    }
  }

  remove(agent: LiteAgent): void {
    for (const ufrag of this.fragments.get(agent) ?? []) this.forget(ufrag, agent);
    this.fragments.delete(agent);
  }

  /**
   * Whose check it is; undefined: nobody's (refuseCheck), or no check at all. The answers of a forked offer share our
   * fragment: the peer's tells them apart, and who does not know its peer's yet takes the rest.
   */
  route(octets: Uint8Array): LiteAgent | undefined {
    const name = checkUsername(octets);
    if (name === undefined) return undefined;
    const agents = this.agents.get(name.local);
    if (agents === undefined) return undefined;
    let open: LiteAgent | undefined;
    for (const agent of agents) {
      if (!agent.answersTo(name.local)) {
        // Its restart is over: the old fragment is forgotten.
        this.forget(name.local, agent);
        this.fragments.get(agent)?.delete(name.local);
      } else if (agent.expects(name.local, name.remote)) return agent;
      else if (agent.answersTo(name.local, name.remote)) open = agent;
    }
    return open;
  }

  private forget(ufrag: ByteString, agent: LiteAgent): void {
    const agents = this.agents.get(ufrag);
    if (agents?.delete(agent) && agents.size === 0) this.agents.delete(ufrag);
  }
}

function setOf<Key, Value>(sets: Map<Key, Set<Value>>, key: Key): Set<Value> {
  const found = sets.get(key);
  if (found) return found;
  const made = new Set<Value>();
  sets.set(key, made);
  return made;
}
