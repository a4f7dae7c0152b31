import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { CallRecord } from '../storage/ports.ts';
import type { MediaMetrics } from './media/engine.ts';
import type { SipMetrics } from './sip/metrics.ts';
import type { StreamMetrics } from './xmpp/streams/metrics.ts';

export interface MetricSources {
  sip: () => SipMetrics;
  connections: () => { open: number; handshakes: number; refused: number };
  handshakesRefused: () => number;
  stun: () => { answered: number; unanswered: number };
  turn: () => {
    allocations: number;
    authenticationFailures: number;
    relayedPackets: number;
    relayedOctets: number;
    dropped: number;
  };
  msrp?: () => {
    connections: number;
    uses: number;
    grants: number;
    relayedChunks: number;
    relayedOctets: number;
    paused: number;
    refused: Record<string, number>;
    reported: Record<string, number>;
    authenticationFailures: number;
  };
  xmpp: () => StreamMetrics;
  messages: () => { submitted: number; archived: number; kept: number; failedWrites: number };
  media?: () => MediaMetrics;
  writesQueued: () => number;
  callRecordsLost: () => number;
  accounts: () => number;
  version: string;
}

/** Prometheus's view: parts count in plain numbers, which are read when somebody asks. */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  const registers = [registry];
  // Its default, a look at the event loop each 10 ms, wakes an idle server 200 times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 250 });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name: `chappe_${name}`,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  const counter = (name: string, help: string, value: () => number) =>
    new Counter({
      name: `chappe_${name}_total`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  const labelled = (name: string, help: string, label: string, values: () => Record<string, number>) =>
    new Counter({
      name: `chappe_${name}_total`,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [key, value] of Object.entries(values())) this.inc({ [label]: key }, value);
      },
    });

  new Gauge({ name: 'chappe_info', help: 'The version that runs.', labelNames: ['version'], registers }).set(
    { version: sources.version },
    1,
  );
  const { sip } = sources;
  gauge('sip_flows', 'Open connections that speak SIP.', () => sip().flows);
  gauge('sip_bindings', 'Contacts registered.', () => sip().bindings);
  gauge('sip_addresses_of_record', 'Addresses of record with a contact.', () => sip().addressesOfRecord);
  gauge('sip_calls', 'Calls that are up.', () => sip().calls);
  gauge('sip_client_transactions', 'Client transactions under way.', () => sip().clientTransactions);
  gauge('sip_server_transactions', 'Server transactions under way.', () => sip().serverTransactions);
  gauge('sip_subscriptions', 'Subscriptions to events that are up.', () => sip().subscriptions);
  gauge('sip_publications', 'Presence that phones have published.', () => sip().publications);
  gauge('sip_response_contexts', 'Requests being proxied.', () => sip().contexts);
  gauge('draining', '1 while the server is shutting down.', () => (sip().draining ? 1 : 0));
  counter('sip_messages_received', 'SIP messages in.', () => sip().received);
  counter('sip_messages_sent', 'SIP messages out.', () => sip().sent);
  counter('sip_undeliverable', 'Messages for a flow that was gone or too slow.', () => sip().undeliverable);
  counter('sip_malformed', 'Messages that were no SIP.', () => sip().malformed);
  counter('sip_retransmissions', 'Requests that came again.', () => sip().retransmissions);
  counter('sip_registrations', 'REGISTERs accepted.', () => sip().registrations);
  counter('sip_challenges', 'Digest challenges sent.', () => sip().challenges);
  counter('sip_authentication_failures', 'Wrong credentials.', () => sip().authenticationFailures);
  counter('sip_throttled', 'Attempts not looked at because of too many.', () => sip().throttled);
  counter('sip_identity_refused', 'Requests refused by an identity rule.', () => sip().identityRefused);
  counter('sip_overloaded', 'Requests refused for overload.', () => sip().overloaded);
  counter('sip_loops', 'Loops detected.', () => sip().loops);
  counter('sip_dead_flows', 'Requests in a dialog whose other side was gone.', () => sip().deadFlows);
  labelled(
    'calls',
    'Calls that are over, by outcome: answered, broken (ended by the server), cancelled, busy, unanswered, failed.',
    'outcome',
    () => sip().callsEnded,
  );
  labelled('sip_requests', 'SIP requests in, by method.', 'method', () => sip().requests);
  labelled('sip_responses', 'SIP responses, by class.', 'class', () => sip().responses);
  const { connections } = sources;
  gauge('connections', 'Open TCP connections.', () => connections().open);
  gauge('handshakes', 'Connections that are still in their handshake.', () => connections().handshakes);
  counter('connections_refused', 'Connections refused by a bound.', () => connections().refused);
  counter('handshakes_refused', 'WebSocket handshakes refused.', sources.handshakesRefused);
  counter('stun_answered', 'STUN binding requests answered.', () => sources.stun().answered);
  counter('stun_unanswered', 'STUN messages of sources that asked too often.', () => sources.stun().unanswered);
  const { turn } = sources;
  gauge('turn_allocations', 'TURN allocations.', () => turn().allocations);
  counter('turn_authentication_failures', 'Wrong TURN credentials.', () => turn().authenticationFailures);
  counter('turn_relayed_packets', 'Packets relayed, both directions.', () => turn().relayedPackets);
  counter('turn_relayed_octets', 'Octets of data relayed, both directions.', () => turn().relayedOctets);
  counter(
    'turn_dropped',
    'Packets not relayed: no permission, bandwidth used up, a reader too slow.',
    () => turn().dropped,
  );
  const { msrp } = sources;
  if (msrp !== undefined) {
    gauge('msrp_connections', 'Open connections that speak MSRP.', () => msrp().connections);
    gauge('msrp_uses', 'Uses of the relay that are granted (Use-Path URIs).', () => msrp().uses);
    counter('msrp_grants', 'AUTHs that were granted.', () => msrp().grants);
    counter('msrp_authentication_failures', 'Wrong MSRP credentials.', () => msrp().authenticationFailures);
    counter('msrp_relayed_chunks', 'Chunks relayed.', () => msrp().relayedChunks);
    counter('msrp_relayed_octets', 'Octets of messages relayed.', () => msrp().relayedOctets);
    counter('msrp_paused', 'Times that a sender was stopped for a slower reader.', () => msrp().paused);
    labelled('msrp_refused', 'Requests refused, by status.', 'status', () => msrp().refused);
    labelled('msrp_reported', 'Chunks reported as not delivered, by status.', 'status', () => msrp().reported);
  }
  const { messages } = sources;
  counter(
    'messages',
    'Messages that came in, by either protocol or from a room to a person.',
    () => messages().submitted,
  );
  counter('messages_archived', 'Messages written to archives of accounts, once for each.', () => messages().archived);
  counter('messages_kept', 'Messages that were kept for somebody who was away.', () => messages().kept);
  counter('messages_not_stored', 'Messages refused since they could not be stored.', () => messages().failedWrites);
  const { xmpp } = sources;
  gauge(
    'xmpp_connections',
    'Open connections that speak XMPP over WebSocket, TCP or TLS, and sessions of BOSH.',
    () => xmpp().connections,
  );
  gauge('xmpp_sessions', 'Bound resources, also those whose connection was cut off.', () => xmpp().sessions);
  gauge('xmpp_sessions_held', 'Bound resources that wait for their client to resume them.', () => xmpp().held);
  counter('xmpp_stanzas_received', 'Stanzas of clients.', () => xmpp().stanzasIn);
  counter('xmpp_stanzas_sent', 'Stanzas to clients.', () => xmpp().stanzasOut);
  counter('xmpp_logins', 'Authentications that succeeded.', () => xmpp().logins);
  counter('xmpp_authentication_failures', 'Authentications that failed.', () => xmpp().authenticationFailures);
  counter('xmpp_throttled', 'Authentications not looked at because of too many.', () => xmpp().throttled);
  counter('xmpp_resumptions', 'Sessions resumed.', () => xmpp().resumptions);
  const { media } = sources;
  if (media !== undefined) {
    gauge('media_calls', 'Dialogs whose media is relayed.', () => media().calls);
    counter('media_relayed_packets', 'Packets of media relayed.', () => media().packets);
    counter('media_relayed_octets', 'Octets of media relayed.', () => media().octets);
    labelled('media_dropped', 'Packets of media not relayed, by reason.', 'reason', () => media().dropped);
    counter(
      'media_refused',
      'Calls whose media could not be relayed: no ports, too many, no engine.',
      () => media().refused,
    );
    counter('media_failed', 'Calls that the media engine ended.', () => media().failed);
  }
  counter('call_records_lost', 'Records of calls that could not be written.', sources.callRecordsLost);
  gauge('store_writes_queued', 'Writes waiting for the disk.', sources.writesQueued);
  gauge('accounts', 'Accounts.', sources.accounts);
  return registry;
}

/** Told of every call that is over: how long those that were answered have lasted. */
export function observeCalls(registry: Registry): (record: CallRecord) => void {
  const durations = new Histogram({
    name: 'chappe_call_duration_seconds',
    help: 'Answered calls, from answer to end.',
    labelNames: ['media'],
    buckets: [1, 10, 30, 60, 300, 900, 3_600, 14_400],
    registers: [registry],
  });
  return ({ answered, ended, media }) => {
    if (answered !== undefined) durations.observe({ media }, (ended - answered) / 1_000);
  };
}
