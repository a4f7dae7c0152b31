import type { Allocation, Opening } from './allocation.ts';

/**
 * Client and server address and the transport between them (RFC 8656 section 2): what an allocation belongs to. The
 * driver keeps one for each connection, and for each UDP client that has an allocation, so that a packet needs no lookup
 * by a key made for it.
 */
export interface FiveTuple {
  readonly transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  /** The client's, as the server sees it. */
  readonly address: string;
  readonly port: number;
  allocation: Allocation | undefined;
  /** An Allocate request that is being carried out. */
  opening: Opening | undefined;
}
