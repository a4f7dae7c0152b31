import type { EndpointOptions, MsrpEndpoint } from './endpoint.ts';

/** A way to the other side that is being agreed on: through our relay, or a data channel. */
export interface MsrpLink {
  /** The session description with these attributes of the MSRP session (`path` is added), as an offer or answer. */
  describe(attributes: readonly string[], remote?: string): Promise<string>;
  /** The answer to our offer has come. */
  answered(description: string): Promise<void>;
  /** Once both descriptions are there. */
  open(remotePath: readonly string[], options: EndpointHandlers): Promise<MsrpEndpoint>;
  close(): void;
}

export type EndpointHandlers = Pick<EndpointOptions, 'onEvent' | 'onLost' | 'onHeard' | 'accept'>;
