import type { Output } from '../../src/protocol/machine.ts';
import type { Message } from '../../src/protocol/sip/message.ts';
import { VirtualTime } from './virtual-time.ts';

interface Machine<Sent, Timer extends string, Event> {
  timer(name: Timer, now: number): Output<Sent, Timer, Event>[];
}

/** Carries out a transaction's outputs on virtual time and keeps a log: `500 > INVITE`, `500 ! timeout`. */
export class TransactionDriver<Sent extends Message, Timer extends string, Event extends { type: string }> {
  readonly time = new VirtualTime();
  readonly log: string[] = [];
  readonly sent: Sent[] = [];
  readonly machine: Machine<Sent, Timer, Event>;

  constructor(machine: Machine<Sent, Timer, Event>) {
    this.machine = machine;
  }

  run(outputs: Output<Sent, Timer, Event>[]): void {
    for (const output of outputs) {
      if (output.type === 'setTimer') {
        const { name } = output;
        this.time.set(name, output.delay, () => this.run(this.machine.timer(name, this.time.now)));
      } else if (output.type === 'clearTimer') this.time.clear(output.name);
      else if (output.type === 'send') {
        this.sent.push(output.message);
        const { message } = output;
        this.log.push(`${this.time.now} > ${message.kind === 'request' ? message.method : message.status}`);
      } else this.log.push(`${this.time.now} ! ${output.event.type}`);
    }
  }

  /** What has been logged since the last call. */
  take(): string[] {
    return this.log.splice(0);
  }
}
