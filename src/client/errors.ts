/**
 * What the SDK throws or reports. `code` is stable; `status` is the SIP or HTTP status behind it, where there is one.
 * Every code is listed in docs/ERRORS.md.
 */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly status: number | undefined;

  constructor(code: ClientErrorCode, message: string, status?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ClientError';
    this.code = code;
    this.status = status;
  }
}

export type ClientErrorCode =
  /** The credentials provider refused (the session ended); the client stops reconnecting. */
  | 'CREDENTIALS_REFUSED'
  /** The credentials provider could not be reached; the client tries again. */
  | 'CREDENTIALS_UNAVAILABLE'
  | 'NOT_CONNECTED'
  /** The call or the request ended with a final response other than 2xx; `status` says which. */
  | 'REJECTED'
  | 'TIMEOUT'
  /** The method does not fit the state: answering a call that has ended, for example. */
  | 'WRONG_STATE'
  | 'BAD_TARGET'
  /** This platform has no RTCPeerConnection and none was given. */
  | 'NO_MEDIA'
  /** Microphone, camera or screen was refused or is missing. */
  | 'MEDIA_REFUSED'
  /** The other side's session description cannot be used (488). */
  | 'BAD_DESCRIPTION';

/** What the platform throws, as ours. */
export function toClientError(error: unknown, code: ClientErrorCode): ClientError {
  if (error instanceof ClientError) return error;
  return new ClientError(code, error instanceof Error ? error.message : String(error), undefined, error);
}

/** Of a method of a call. `what`: what it would do. */
export function wrongState(what: string): ClientError {
  return new ClientError('WRONG_STATE', `this call cannot ${what} now`);
}
