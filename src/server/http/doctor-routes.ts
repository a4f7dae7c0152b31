import type { FastifyInstance } from 'fastify';
import { BrowserReports, browserReportBody } from '../doctor/browser-reports.ts';
import type { Finding } from '../doctor/finding.ts';
import type { Access } from './access.ts';
import { HttpError, tooMany } from './http-error.ts';
import type { HttpLimits } from './limits.ts';
import { TokenBuckets } from './token-buckets.ts';

export interface DoctorRoutes {
  access: Access;
  limits: HttpLimits;
  /** Looks at this host. */
  doctor: { look(): Promise<Finding[]> };
  /** Monotonic milliseconds. */
  now: () => number;
}

/**
 * `GET /api/doctor`: what is wrong with this host, and what browsers found, for administrators. `POST /api/doctor/browser`:
 * such a browser's result, from whoever is signed in.
 */
export function doctorRoutes(app: FastifyInstance, { access, limits, doctor, now }: DoctorRoutes): void {
  const reports = new BrowserReports(limits.browserReports);
  const senders = new TokenBuckets({
    burst: limits.browserReportBurst,
    interval: limits.browserReportForgiven,
    keys: limits.sources,
    now,
  });

  app.get('/api/doctor', async (request) => {
    access.administrator(request);
    return { at: new Date().toISOString(), findings: await doctor.look(), browsers: reports.list() };
  });

  app.post('/api/doctor/browser', async (request, reply) => {
    const caller = access.signedIn(request);
    const name = caller.kind === 'session' ? caller.identity.name : caller.name;
    const wait = senders.take(`${caller.kind} ${name}`);
    if (wait > 0) throw tooMany(wait);
    const body = browserReportBody.safeParse(request.body);
    if (!body.success)
      throw new HttpError(400, 'HTTP_BAD_REQUEST', 'The body must be {"findings": [...]}, see /api/openapi.json.');
    const agent = request.headers['user-agent'] ?? '';
    reports.add({ at: new Date().toISOString(), name, agent, findings: body.data.findings });
    return reply.code(204).send();
  });
}
