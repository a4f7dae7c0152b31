/**
 * The shape of every state machine in src/protocol. A machine owns no socket, clock, randomness or log: its methods take
 * what happened and `now` (milliseconds on a monotonic clock) and return what is to be done, in order. A driver
 * (src/transport, src/client, or a test on virtual time) carries the outputs out.
 *
 * `Message` is what it sends, `TimerName` the names its RFC gives the timers, `Event` what it tells its user.
 */
export type Output<Message, TimerName extends string, Event> =
  | { type: 'send'; message: Message }
  /** (Re)starts the named timer: `timer(name, now)` is due `delay` milliseconds from now. */
  | { type: 'setTimer'; name: TimerName; delay: number }
  | { type: 'clearTimer'; name: TimerName }
  | { type: 'event'; event: Event };
