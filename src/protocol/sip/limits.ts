/** Bounds of one message: what a stranger can make us keep or scan. */
export interface MessageLimits {
  /** Octets of a whole message. */
  size: number;
  /** Octets from the start line to the empty line. */
  head: number;
  /** Header fields. */
  fields: number;
}

export const MESSAGE_LIMITS: MessageLimits = { size: 65_536, head: 32_768, fields: 256 };
