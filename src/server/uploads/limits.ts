/** Every bound of uploaded files (XEP-0363), with its default. Times are milliseconds, sizes octets. */
export interface UploadLimits {
  /** One file. */
  fileOctets: number;
  /** All files of one account; each counts for 4,096 more than it has. */
  accountOctets: number;
  /** Of a file's name, as UTF-8. */
  nameOctets: number;
  /** Files that come in at the same time. */
  uploadsAtOnce: number;
  /** Between two pieces of a file that comes in. */
  idle: number;
  /** A place that was given and not used is taken back after this. */
  unused: number;
  /** A file is kept so long. */
  keep: number;
}

export const uploadLimits: Readonly<UploadLimits> = {
  fileOctets: 100 * 1024 * 1024,
  accountOctets: 1024 * 1024 * 1024,
  nameOctets: 240,
  uploadsAtOnce: 200,
  idle: 30_000,
  unused: 3_600_000,
  keep: 30 * 86_400_000,
};
