// RFC 4733 section 2: DTMF and other events as RTP payload.
import { readUint16, writeUint16 } from './octets.ts';

export interface TelephoneEvent {
  /** 0 to 9, 10 `*`, 11 `#`, 12 to 15 A to D, 16 flash; others by RFC 4733 section 3. */
  event: number;
  end: boolean;
  /** Power, in -dBm0: 0 to 63. */
  volume: number;
  /** In timestamp units. */
  duration: number;
}

const DIGITS = '0123456789*#ABCD';
const PAYLOAD = 4;

/** Undefined: no DTMF. */
export function digitOf(event: number): string | undefined {
  return DIGITS[event];
}

export function eventOf(digit: string): number | undefined {
  const event = digit.length === 1 ? DIGITS.indexOf(digit.toUpperCase()) : -1;
  return event < 0 ? undefined : event;
}

/** Of the octets of a payload; undefined: cut short. */
export function parseTelephoneEvent(
  packet: Uint8Array,
  start: number,
  end = packet.length,
): TelephoneEvent | undefined {
  if (end - start < PAYLOAD || end > packet.length) return undefined;
  const second = packet[start + 1]!;
  return {
    event: packet[start]!,
    end: second >= 0x80,
    volume: second & 0x3f,
    duration: readUint16(packet, start + 2),
  };
}

export function writeTelephoneEvent(packet: Uint8Array, start: number, event: TelephoneEvent): void {
  packet[start] = event.event;
  packet[start + 1] = (event.end ? 0x80 : 0) | (event.volume & 0x3f);
  writeUint16(packet, start + 2, event.duration);
}

/** Hears each event once, however many of its packets come: those of one event share their timestamp (section 2.5.1.3). */
export class TelephoneEventReceiver {
  private heard = -1;

  /** The event if it is a new one; its first packet may have been lost, so any of them counts. */
  receive(event: TelephoneEvent, timestamp: number): number | undefined {
    if (timestamp === this.heard) return undefined;
    // A packet of the event before, that came late, is not a new event.
    if (this.heard >= 0 && ((timestamp - this.heard) | 0) < 0) return undefined;
    this.heard = timestamp;
    return event.event;
  }
}

export interface TelephoneEventPacket extends TelephoneEvent {
  /** The first packet of an event carries the marker (section 2.5.1.1). */
  marker: boolean;
  /** Milliseconds after the first. */
  after: number;
}

/**
 * The packets of one event, all with the timestamp of its start: one each `interval`, and the last three times (section 2.5.1.4).
 * `length` and `interval` in milliseconds; `rate` of the clock. At most 65,535 units long (section 2.5.1.3): a longer one is cut.
 */
export function telephoneEventPackets(
  event: number,
  { length = 100, interval = 20, rate = 8000, volume = 10 } = {},
): TelephoneEventPacket[] {
  const most = Math.min(length, Math.floor((0xffff * 1000) / rate));
  const count = Math.max(1, Math.ceil(most / interval));
  const packets: TelephoneEventPacket[] = [];
  for (let index = 1; index <= count; index++) {
    const duration = Math.floor((Math.min(index * interval, most) * rate) / 1000);
    const end = index === count;
    packets.push({ event, end, volume, duration, marker: index === 1, after: (index - 1) * interval });
    if (end) {
      const again = { event, end, volume, duration, marker: false };
      packets.push({ ...again, after: index * interval }, { ...again, after: (index + 1) * interval });
    }
  }
  return packets;
}
