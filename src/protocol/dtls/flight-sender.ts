// RFC 6347 section 4.2.4: what goes out, and how often. Flights under the right epoch, repeated by the timer or because the peer
// repeats its own; alerts.
import { serializeAlert } from './alert.ts';
import type { DtlsOutput } from './dtls-options.ts';
import { type FlightPart, packFlight, type Retransmission, retransmissionDelay } from './flight.ts';
import { ContentType, type Epoch, RecordWriter } from './record-layer.ts';

/** Milliseconds in which a flight is not repeated again because the peer repeats its own: else two repetitions breed more. */
const REPETITION_PAUSE = 40;

export class FlightSender {
  readonly writer = new RecordWriter();
  private readonly emit: (output: DtlsOutput) => void;
  private readonly mtu: number;
  private readonly retransmission: Retransmission;
  /** The last flight, its epoch's alerts, how often the timer repeated it, and when it last went out. */
  private flight: readonly FlightPart[] = [];
  private epoch: Epoch = 0;
  private attempt = 0;
  private sentAt = Number.NEGATIVE_INFINITY;

  constructor(emit: (output: DtlsOutput) => void, mtu: number, retransmission: Retransmission) {
    this.emit = emit;
    this.mtu = mtu;
    this.retransmission = retransmission;
  }

  /** The next flight; `repeated` says whether the timer repeats it until it is answered. */
  sendFlight(flight: readonly FlightPart[], repeated: boolean, now: number): void {
    this.flight = flight;
    this.attempt = 0;
    // From ChangeCipherSpec on, the peer reads what is protected.
    if (flight.some((part) => 'changeCipherSpec' in part)) this.epoch = 1;
    this.send(now);
    if (repeated) this.setTimer();
    else this.emit({ type: 'clearTimer', name: 'retransmit' });
  }

  onTimer(now: number): void {
    this.attempt++;
    this.send(now);
    this.setTimer();
  }

  /** The peer has repeated its flight: ours was lost. */
  repeat(now: number): void {
    if (now - this.sentAt >= REPETITION_PAUSE) this.send(now);
  }

  sendAlert(fatal: boolean, description: number): void {
    const content = serializeAlert({ fatal, description });
    this.emit({ type: 'send', message: this.writer.write(this.epoch, ContentType.alert, content) });
  }

  private send(now: number): void {
    this.sentAt = now;
    for (const message of packFlight(this.flight, this.writer, this.mtu)) this.emit({ type: 'send', message });
  }

  private setTimer(): void {
    this.emit({ type: 'setTimer', name: 'retransmit', delay: retransmissionDelay(this.retransmission, this.attempt) });
  }
}
