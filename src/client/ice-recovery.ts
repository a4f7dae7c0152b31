import { BackOff } from './back-off.ts';
import type { Clock } from './clock.ts';

export interface IceRecoveryActions {
  /** Offers with new ICE credentials; rejects when the other side could not be asked. */
  restart(): Promise<void>;
  /** The call is up and the signalling connection too. */
  possible(): boolean;
  interrupted(interrupted: boolean): void;
}

/** `disconnected` often heals by itself: a lost packet or two, or a phone that changes its cell. */
const PATIENCE = 4000;

/**
 * Brings lost media back by ICE restarts: at once when the connection has failed or the network is another one, after
 * some patience when it is merely disconnected, and again with a growing delay while that does not help.
 */
export class IceRecovery {
  readonly #clock: Clock;
  readonly #actions: IceRecoveryActions;
  readonly #backOff = new BackOff(2000, 20_000);
  #cancel: (() => void) | undefined;
  #interrupted = false;
  #running = false;
  #closed = false;

  constructor(clock: Clock, actions: IceRecoveryActions) {
    this.#clock = clock;
    this.#actions = actions;
  }

  /** The peer connection's state changed. */
  connection(state: RTCPeerConnectionState): void {
    if (this.#closed) return;
    if (state === 'connected') {
      this.#cancel?.();
      this.#backOff.reset();
      this.#set(false);
    } else if (state === 'disconnected') {
      this.#set(true);
      this.#schedule(PATIENCE);
    } else if (state === 'failed') {
      this.#set(true);
      this.restart();
    }
  }

  /** Now, whatever the state. */
  restart(): void {
    if (this.#closed || this.#running) return;
    this.#cancel?.();
    if (!this.#actions.possible()) {
      this.#schedule(this.#backOff.next());
      return;
    }
    this.#running = true;
    void this.#actions
      .restart()
      .catch(() => {})
      .finally(() => {
        this.#running = false;
        if (this.#interrupted) this.#schedule(PATIENCE + this.#backOff.next());
      });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #schedule(delay: number): void {
    this.#cancel?.();
    this.#cancel = this.#clock.after(delay, () => {
      if (!this.#closed && this.#interrupted) this.restart();
    });
  }

  #set(interrupted: boolean): void {
    if (this.#interrupted === interrupted) return;
    this.#interrupted = interrupted;
    this.#actions.interrupted(interrupted);
  }
}
