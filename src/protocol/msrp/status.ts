/** Status codes of MSRP (RFC 4975 section 10, RFC 4976 section 6) with their usual comments. */
export const STATUS_COMMENT: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  408: 'Request Timeout',
  413: 'Stop Sending',
  415: 'Unsupported Media Type',
  423: 'Interval Out-of-Bounds',
  481: 'No Such Session',
  501: 'Unknown Method',
  506: 'Session In Use',
};

/** `200 OK`. */
export function statusText(status: number): string {
  const comment = STATUS_COMMENT[status];
  return comment === undefined ? String(status) : `${status} ${comment}`;
}

/** The value of a REPORT's Status header (RFC 4975 section 7.1.2): namespace 000 is that of the status codes. */
export function serializeReportStatus(status: number): string {
  return `000 ${statusText(status)}`;
}

/** The status in a Status header of namespace 000; undefined for another namespace or nonsense. */
export function parseReportStatus(value: string): number | undefined {
  const found = /^000 (\d{3})(?: |$)/.exec(value);
  return found === null ? undefined : Number(found[1]);
}
