/** An HTTP answer that is not yes. `code` is stable (docs/ERRORS.md); the message quotes nothing that came in. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  /** Seconds, for Retry-After. */
  readonly retryAfter: number | undefined;

  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

export function tooMany(milliseconds: number): HttpError {
  return new HttpError(429, 'HTTP_TOO_MANY', 'Too many requests.', Math.max(1, Math.ceil(milliseconds / 1000)));
}

/** What fastify and its plugins throw, in our words: theirs quote the body or the URL. */
export function fromFastify(error: { code?: string; statusCode?: number }): HttpError {
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpError(415, 'HTTP_MEDIA_TYPE', 'The body must be application/json.');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpError(413, 'HTTP_TOO_LARGE', 'The body is too large.');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new HttpError(400, 'HTTP_BAD_REQUEST', 'The URL is malformed.');
  }
  const status = error.statusCode ?? 500;
  if (status === 404) return notFound();
  if (status >= 400 && status < 500) return new HttpError(status, 'HTTP_BAD_REQUEST', 'The request is malformed.');
  return new HttpError(500, 'HTTP_INTERNAL', 'The server failed.');
}

export function notFound(): HttpError {
  return new HttpError(404, 'HTTP_NOT_FOUND', 'There is nothing here.');
}
