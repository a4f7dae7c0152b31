/** Every bound of the rtpengine side of media, with its default. Times are milliseconds. */
export interface RtpengineLimits {
  /** Calls at a time, over all engines. */
  calls: number;
  /** Octets of a description that is passed on. */
  descriptionBytes: number;
  /** Requests to one engine that wait for their answer; beyond it new ones fail at once. */
  requests: number;
  /** Until a request is sent again over UDP, the first time; doubled each time. */
  retransmission: number;
  /** Until a request without an answer has failed, and its engine is looked upon as gone. */
  deadline: number;
  /** Between two pings of an engine. */
  pingInterval: number;
  /** For how long an engine may be gone before its calls are given up. */
  patience: number;
  /** How often a call's figures are asked for, and so how soon a call that the engine has ended is noticed. */
  queryInterval: number;
  /** For how long a confirmed call may be silent on one side before it is reported. */
  silence: number;
}

export const rtpengineLimits: Readonly<RtpengineLimits> = {
  calls: 10_000,
  descriptionBytes: 32_768,
  requests: 10_000,
  retransmission: 150,
  deadline: 2_000,
  pingInterval: 1_000,
  patience: 10_000,
  queryInterval: 15_000,
  silence: 60_000,
};
