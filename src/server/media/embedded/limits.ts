/** Every bound of the embedded media engine, with its default. Times in milliseconds. */
export interface MediaLimits {
  /** Branches with media here, over all and of one account: a call that forks has several. */
  calls: number;
  callsPerAccount: number;
  /** Port pairs of phone legs that the calls of one account have: one for each section of each phone. */
  portPairsPerAccount: number;
  /**
   * Branches at once for which codecs may have to be translated (Opus, G.711, G.722): each takes up to 1 % of a core. Beyond it
   * only what both sides have in common is offered. 0: never.
   */
  transcodedCalls: number;
  /** Media descriptions ("m=" sections) in one session description. */
  sections: number;
  /** Threads that relay: never more than the machine has cores beside the one that signals. */
  workers: number;
  /** How long a side that should be heard may be silent before its call is ended. */
  silence: number;
  /** RTP packets a second from one peer on one transport, and how many at once: 5,000 are 40 Mbit/s of video. */
  packetRate: number;
}

export const mediaLimits: Readonly<MediaLimits> = {
  calls: 5_000,
  callsPerAccount: 100,
  portPairsPerAccount: 400,
  transcodedCalls: 100,
  sections: 16,
  workers: 4,
  silence: 60_000,
  packetRate: 5_000,
};
