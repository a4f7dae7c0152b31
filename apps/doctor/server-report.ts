import type { BrowserFinding } from './finding.ts';

/** The answer of `GET /api/doctor`. */
export interface ServerReport {
  at: string;
  findings: BrowserFinding[];
  browsers: Array<{ at: string; name: string; agent: string; findings: BrowserFinding[] }>;
}

/** Undefined for who is no administrator. */
export async function serverReport(): Promise<ServerReport | undefined> {
  const session = await fetch('/api/session').catch(() => undefined);
  if (!session?.ok || !((await session.json()) as { admin: boolean }).admin) return undefined;
  const response = await fetch('/api/doctor').catch(() => undefined);
  return response?.ok ? ((await response.json()) as ServerReport) : undefined;
}
