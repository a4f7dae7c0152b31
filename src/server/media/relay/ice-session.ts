// One component's ICE (RFC 8445): the lite agent with its timer, and which paths it believes.
import type { IceCredentials } from '../../../protocol/ice/credentials.ts';
import { LiteAgent } from '../../../protocol/ice/lite-agent.ts';
import type { IceOutput, IcePath } from '../../../protocol/ice/lite-options.ts';
import type { RelayPorts } from './ports.ts';
import { Timers } from './timers.ts';

export interface IceSessionUser {
  answer(octets: Uint8Array, path: IcePath): void;
  pathValid(path: IcePath): void;
  pathGone(path: IcePath): void;
  /** Something may be sent now, or goes another way from now on. */
  pathSelected(path: IcePath): void;
}

export class IceSession {
  readonly agent: LiteAgent;
  private selected: IcePath | undefined;
  private nominated = false;
  private readonly user: IceSessionUser;
  private readonly ports: RelayPorts;
  private readonly timers: Timers<'consent'>;
  private valid: IcePath[] = [];

  /** `consent` in milliseconds; `Infinity`: the peer sends no checks after its nomination (LiteOptions). */
  constructor(ports: RelayPorts, local: IceCredentials, consent: number, user: IceSessionUser) {
    this.agent = new LiteAgent({ primitives: ports.primitives, local, consent });
    this.ports = ports;
    this.user = user;
    this.timers = new Timers(ports.clock);
  }

  /** Our credentials of the latest description. True: they are new, so that the agent has another fragment. */
  describeLocal(local: IceCredentials): boolean {
    if (this.agent.answersTo(local.ufrag)) return false;
    this.agent.restart(local);
    return true;
  }

  hears(address: string, port: number): boolean {
    const { valid } = this;
    for (let i = 0; i < valid.length; i++) {
      if (valid[i]!.port === port && valid[i]!.address === address) return true;
    }
    return false;
  }

  /**
   * Where to send; undefined: nowhere, or not any more. RFC 8445 section 12.1: until a pair is nominated any valid one will do.
   * A browser nominates with the second of its checks, 50 ms after the first.
   */
  get path(): IcePath | undefined {
    return this.nominated ? this.selected : this.valid[0];
  }

  /** Where the answer to what came by a valid pair goes, whatever has been nominated and lost. */
  get newest(): IcePath | undefined {
    return this.path ?? this.valid.at(-1);
  }

  /** A STUN message. True: an authentic check. */
  receive(octets: Uint8Array, path: IcePath, now: number): boolean {
    const outputs = this.agent.receive(octets, path, now);
    this.carry(outputs);
    return outputs.some((output) => output.type === 'send' && isSuccess(output.message.octets));
  }

  close(): void {
    this.timers.clearAll();
    for (const path of this.valid) this.user.pathGone(path);
    this.valid = [];
    this.selected = undefined;
  }

  private carry(outputs: readonly IceOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.user.answer(output.message.octets, output.message.path);
      else if (output.type === 'setTimer')
        this.timers.set('consent', output.delay, () => this.carry(this.agent.timer('consent', this.ports.clock.now())));
      else if (output.type === 'clearTimer') this.timers.clear(output.name);
      else if (output.event.type === 'valid') {
        this.valid.push(output.event.path);
        this.user.pathValid(output.event.path);
      } else if (output.event.type === 'discarded') {
        const { path } = output.event;
        this.valid = this.valid.filter((other) => other !== path);
        this.user.pathGone(path);
      } else if (output.event.type === 'selected') {
        this.selected = output.event.path;
        this.nominated = true;
        this.user.pathSelected(output.event.path);
      } else this.selected = undefined;
    }
  }
}

/** RFC 8489 section 5: a success response of the Binding method. */
function isSuccess(octets: Uint8Array): boolean {
  return octets[0] === 1 && octets[1] === 1;
}
