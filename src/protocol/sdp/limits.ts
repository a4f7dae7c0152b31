/** Bounds of one session description: what a stranger can make us keep or scan. */
export interface DescriptionLimits {
  /** Octets of the whole description. */
  size: number;
  /** Lines of the whole description. */
  lines: number;
  /** Media descriptions ("m=" sections). */
  media: number;
  /** Formats in one "m=" line. */
  formats: number;
  /** Candidates in one media description. */
  candidates: number;
}

/** Chromium's offer of two videos, a microphone and a data channel has 13 kB, 250 lines and 23 formats a section. */
export const DESCRIPTION_LIMITS: DescriptionLimits = {
  size: 65_536,
  lines: 2048,
  media: 64,
  formats: 128,
  candidates: 128,
};
