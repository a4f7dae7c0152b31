/**
 * Whether a page of that origin may use us (RFC 6455 section 10.2).
 * `none`: not a browser; `same`: our own page; `listed`: named in the configuration; `any`: only `"*"` lets it in.
 */
export type OriginVerdict = 'none' | 'same' | 'listed' | 'any' | 'refused';

export interface OriginPolicy {
  /** Allowed origins, such as `https://www.example.test`; `"*"` allows every one. */
  origins: readonly string[];
  /** Whether a Host header names us (else a stranger's name that leads here would be of our origin); absent: it does. */
  isOurHost?: (host: string) => boolean;
}

/** Same origin is: the Origin's host and port are the Host header's. (The scheme may differ: TLS may end before us.) */
export function judgeOrigin(origin: string | undefined, host: string | undefined, policy: OriginPolicy): OriginVerdict {
  if (origin === undefined) return 'none';
  const asked = parseOrigin(origin);
  if (asked !== undefined && host !== undefined && sameHost(asked, host) && (policy.isOurHost?.(host) ?? true))
    return 'same';
  const canonical = asked?.origin ?? origin;
  for (const listed of policy.origins) {
    if (listed !== '*' && (parseOrigin(listed)?.origin ?? listed) === canonical) return 'listed';
  }
  return policy.origins.includes('*') ? 'any' : 'refused';
}

/** Cookies are sent by the browser whatever page asks: they count only for pages that we know (CSRF). */
export function cookiesCount(verdict: OriginVerdict): boolean {
  return verdict === 'same' || verdict === 'listed';
}

/** Undefined for `null` (a sandboxed page, a file) and for what is no origin. */
function parseOrigin(text: string): URL | undefined {
  const url = URL.parse(text);
  return url !== null && url.host !== '' ? url : undefined;
}

function sameHost(origin: URL, host: string): boolean {
  const own = URL.parse(`${origin.protocol}//${host}`); // the scheme's default port may be written or not
  return own !== null && own.host === origin.host && own.username === '' && own.pathname === '/';
}
