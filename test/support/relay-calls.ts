// Calls through a relay that are up, for tests of what comes then.
import {
  type BrowserDescription,
  browserDescription,
  type PhoneDescription,
  phoneDescription,
} from './relay-descriptions.ts';
import { RelayPeer } from './relay-peer.ts';
import { DescribedBranch, type PartyOptions, type RelayWorld } from './relay-world.ts';

export const BROWSER: PartyOptions = { type: 'webrtc', address: '203.0.113.5' };
export const PHONE: PartyOptions = { type: 'phone', address: '192.0.2.70' };

export interface BridgedCall {
  world: RelayWorld;
  branch: DescribedBranch;
  caller: RelayPeer;
  callee: RelayPeer;
  /** The descriptions that the two have from us. */
  toCaller: string;
  toCallee: string;
}

let browsers = 0;

/** ICE and DTLS of a browser that has our answer or offer. */
export function connectBrowser(
  world: RelayWorld,
  description: string,
  role: 'client' | 'server',
  ufrag = 'peer',
): RelayPeer {
  const browser = new RelayPeer(world, '203.0.113.5', 40_000 + (browsers++ % 20_000), 'mux');
  browser.check(description, { ufrag });
  browser.startDtls(role);
  world.clock.advance(500);
  if (!browser.sender)
    throw new Error(`no DTLS: ${JSON.stringify(browser.dtlsEvents)} ${JSON.stringify(world.events)}`);
  return browser;
}

export interface CallOptions {
  browser?: BrowserDescription;
  phone?: PhoneDescription;
  caller?: Partial<PartyOptions>;
  callee?: Partial<PartyOptions>;
}

/** The phone's own description may name another profile than is offered: it is offered that one. */
export function browserCallsPhone(world: RelayWorld, options: CallOptions = {}): BridgedCall {
  const profile = options.phone?.profile ?? 'RTP/AVP';
  const leg = { profile, ...options.callee?.leg } as NonNullable<PartyOptions['leg']>;
  const branch = new DescribedBranch(world, { ...BROWSER, ...options.caller }, { ...PHONE, ...options.callee, leg });
  const toCallee = branch.offer('caller', browserDescription(options.browser));
  const own = phoneDescription(options.phone);
  const toCaller = branch.answer('callee', own);
  branch.confirm();
  const callee = new RelayPeer(world, '192.0.2.70', options.phone?.port ?? 5004, branch.socket('callee'));
  if (/^RTP\/S/.test(profile)) callee.keyBySdes(own, toCallee);
  const caller = connectBrowser(world, toCaller, 'server');
  return { world, branch, caller, callee, toCaller, toCallee };
}

export function browserCallsBrowser(
  world: RelayWorld,
  options: {
    caller?: BrowserDescription;
    callee?: BrowserDescription;
    callerParty?: Partial<PartyOptions>;
    calleeParty?: Partial<PartyOptions>;
  } = {},
): BridgedCall {
  const branch = new DescribedBranch(
    world,
    { ...BROWSER, ...options.callerParty },
    { ...BROWSER, ...options.calleeParty },
  );
  const toCallee = branch.offer('caller', browserDescription(options.caller));
  const toCaller = branch.answer('callee', browserDescription({ setup: 'active', ufrag: 'other', ...options.callee }));
  branch.confirm();
  const callee = connectBrowser(world, toCallee, 'client', 'other');
  const caller = connectBrowser(world, toCaller, 'server');
  return { world, branch, caller, callee, toCaller, toCallee };
}
