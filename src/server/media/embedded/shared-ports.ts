// The ports of all WebRTC legs. There are two where `media.listen` is TURN's own port: COMPAT, Chromium takes whatever comes
// from an address that it knows as its STUN or TURN server's for that server's, and never sees the answer to a check there
// (docs/adr/0012).
import type { RelayThread } from './relay-thread.ts';
import { SharedPort } from './shared-port.ts';

export class SharedPorts {
  /** By our user name fragment, which is in every check (RFC 8445 section 7.3), whichever port it comes to. */
  private readonly fragments = new Map<string, RelayThread>();
  private readonly ports: SharedPort[] = [];
  private readonly onListening: (port: SharedPort) => void;

  /** `onListening`: threads may take over what comes there. */
  constructor(onListening: (port: SharedPort) => void) {
    this.onListening = onListening;
  }

  /** One more; browsers are told of it once it has its socket, and of the latest first. */
  add(): SharedPort {
    const port = new SharedPort(`mux${this.ports.length}`, this.fragments, this.onListening);
    this.ports.unshift(port);
    return port;
  }

  find(name: string): SharedPort | undefined {
    return this.ports.find((port) => port.name === name);
  }

  /** Those that listen. */
  get listening(): SharedPort[] {
    return this.ports.filter(({ socket }) => socket !== undefined);
  }

  /** Their numbers, in the order in which they are offered. */
  get numbers(): number[] {
    return this.listening.map(({ socket }) => socket!.endpoint.port);
  }

  addFragment(fragment: string, thread: RelayThread): void {
    this.fragments.set(fragment, thread);
  }

  removeFragment(fragment: string): void {
    this.fragments.delete(fragment);
  }

  /** The thread is gone. */
  forget(thread: RelayThread): void {
    for (const [fragment, owner] of this.fragments) if (owner === thread) this.fragments.delete(fragment);
    for (const port of this.ports) port.forget(thread);
  }
}
