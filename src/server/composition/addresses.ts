// Where clients reach this server's web port, STUN and TURN.
import type { Addresses } from '../http/reach.ts';
import type { Foundation } from './foundation.ts';
import type { TurnPart } from './turn.ts';
import type { WebPart } from './web.ts';

export function addressesOf(
  { configuration, certificate }: Foundation,
  { turn, web }: { turn: TurnPart; web: WebPart },
): Addresses {
  return {
    publicHost: configuration.public.host,
    publicAddress: configuration.public.address,
    web: () => ({ endpoint: web.listening(), tls: certificate !== undefined }),
    stun: turn.listening,
  };
}
