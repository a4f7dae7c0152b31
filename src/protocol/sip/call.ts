import type { CallName } from './user-agent-event.ts';

/** How a call tells its user agent that it may forget it. */
export type ForgetCall = (call: CallName) => void;
