// RFC 3550 section 4 and 6.4.1: NTP time, and the round trip that it gives.

/** Seconds from 1900 to 1970. */
const EPOCH = 2_208_988_800;

export interface NtpTime {
  /** Of the era that RTP is in: modulo 2^32. */
  seconds: number;
  /** In units of 2^-32 seconds. */
  fraction: number;
}

/** `unix` in milliseconds since 1970. */
export function ntpTime(unix: number): NtpTime {
  const seconds = Math.floor(unix / 1000);
  return {
    seconds: (seconds + EPOCH) % 0x1_0000_0000,
    fraction: Math.floor(((unix - seconds * 1000) * 0x1_0000_0000) / 1000) >>> 0,
  };
}

/** The middle 32 bits: units of 2^-16 seconds. */
export function compactNtp({ seconds, fraction }: NtpTime): number {
  return (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0;
}

/**
 * Section 6.4.1: milliseconds there and back, from the report block of a peer: the compact time of our sender report that it
 * last heard, and how long it held it. Undefined: it has heard none yet, or the figures make no sense.
 */
export function roundTrip(now: NtpTime, lastReport: number, delay: number): number | undefined {
  if (lastReport === 0) return undefined;
  const units = (compactNtp(now) - lastReport - delay) >>> 0;
  return units < 0x8000_0000 ? (units * 1000) / 65_536 : undefined;
}
