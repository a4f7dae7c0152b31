/** Every bound of the HTTP API, with its default. Times are milliseconds, sizes octets. */
export interface HttpLimits {
  /** A request's body. */
  bodyBytes: number;
  /** Requests to the API of one address: how many at once, and how many a second come back. */
  requestBurst: number;
  requestRate: number;
  /** Failed sign-ins from one address: how many at once, and how long each takes to be forgiven. */
  signInFailuresPerAddress: number;
  addressFailureForgiven: number;
  /** Failed sign-ins to one account, whatever the address, and how long each takes to be forgiven. */
  signInFailuresPerAccount: number;
  accountFailureForgiven: number;
  /** Passwords being checked at a time: beyond it 503. */
  signInsInFlight: number;
  /** Addresses and names whose failures are remembered. */
  sources: number;
  /** A web session ends after this. */
  sessionLife: number;
  /** Web sessions of one account; the oldest goes. */
  sessionsPerAccount: number;
  /** Seconds a credential is valid when nothing is asked, and at most. */
  credentialTtl: number;
  maxCredentialTtl: number;
  /** Results of browsers' own checks that are kept for administrators; the oldest goes. */
  browserReports: number;
  /** Such results from one account: how many at once, and how long until another is taken. */
  browserReportBurst: number;
  browserReportForgiven: number;
}

export const httpLimits: Readonly<HttpLimits> = {
  bodyBytes: 16 * 1024,
  requestBurst: 1_000,
  requestRate: 200,
  signInFailuresPerAddress: 20,
  addressFailureForgiven: 3_000,
  signInFailuresPerAccount: 10,
  accountFailureForgiven: 6_000,
  signInsInFlight: 64,
  sources: 20_000,
  sessionLife: 14 * 24 * 3_600_000,
  sessionsPerAccount: 50,
  credentialTtl: 3_600,
  maxCredentialTtl: 7 * 24 * 3_600,
  browserReports: 50,
  browserReportBurst: 10,
  browserReportForgiven: 10_000,
};
