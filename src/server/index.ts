// biome-ignore-all lint/performance/noBarrelFile: the package's entry, `import { startServer } from 'chappe'`

export type { NewAccount } from './composition/first-accounts.ts';
export {
  type Configuration,
  type ConfigurationSources,
  type LoadedConfiguration,
  loadConfiguration,
} from './config.ts';
export { ConfigurationError, type Problem } from './configuration/problem.ts';
export { createLog, type Log } from './log.ts';
export { type ReadyInfo, type RunningServer, type StartOptions, startServer } from './server.ts';
