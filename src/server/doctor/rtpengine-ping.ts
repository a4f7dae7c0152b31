import { nativeClock } from '../../transport/clock.ts';
import { primitives } from '../../transport/primitives.ts';
import { rtpengineLimits } from '../media/rtpengine/limits.ts';
import { NgClient } from '../media/rtpengine/ng-client.ts';
import { connectUdp, connectWebSocket, type NgConnection } from '../media/rtpengine/ng-connection.ts';

/** Whether the rtpengine at that ng URL answers, within the deadline of any other request. */
export async function pingRtpengine(text: string): Promise<boolean> {
  const url = new URL(text);
  url.search = '';
  const unreliable = url.protocol === 'udp:';
  let connection: NgConnection | undefined;
  const client = new NgClient({
    clock: nativeClock,
    primitives,
    limits: rtpengineLimits,
    send: (message) => connection?.send(message),
    unreliable,
  });
  const listener = {
    receive: (message: string) => client.receive(message),
    onOpen: () => client.repeatAll(),
    onRefused: () => client.failAll(),
  };
  const pong = client.request('ping');
  connection = (unreliable ? connectUdp : connectWebSocket)(url, listener, nativeClock);
  try {
    await pong;
    return true;
  } catch {
    return false;
  } finally {
    connection.close();
  }
}
