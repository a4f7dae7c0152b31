import type { ByteString } from '../byte-string.ts';
import type { UserAgentEvent, UserAgentOutput } from './user-agent-event.ts';

/**
 * Collects what the parts of a user agent want done, and knows whose each running timer is. Messages and timers come first, in
 * order, then the events: a driver that gives a command from within an event has then nothing older left to send.
 */
export class Outbox {
  private outputs: UserAgentOutput[] = [];
  private events: UserAgentOutput[] = [];
  private readonly timers = new Map<string, (now: number) => void>();

  send(message: ByteString): void {
    this.outputs.push({ type: 'send', message });
  }

  event(event: UserAgentEvent): void {
    this.events.push({ type: 'event', event });
  }

  setTimer(name: string, delay: number, fire: (now: number) => void): void {
    this.timers.set(name, fire);
    this.outputs.push({ type: 'setTimer', name, delay });
  }

  /** Nothing happens when it does not run. */
  clearTimer(name: string): void {
    if (this.timers.delete(name)) this.outputs.push({ type: 'clearTimer', name });
  }

  /** A timer that was cleared meanwhile fires nothing. */
  fire(name: string, now: number): void {
    const fire = this.timers.get(name);
    this.timers.delete(name);
    fire?.(now);
  }

  take(): UserAgentOutput[] {
    const { outputs, events } = this;
    this.outputs = [];
    this.events = [];
    return outputs.concat(events);
  }
}
