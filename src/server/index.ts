// biome-ignore-all lint/performance/noBarrelFile: the package's entry, `import { startServer } from 'chappe'`
export {
  type Configuration,
  type ConfigurationSources,
  type LoadedConfiguration,
  loadConfiguration,
} from './config.ts';
export { ConfigurationError, type Problem } from './configuration/problem.ts';
export { createLog, type Log } from './log.ts';
export { type NewAccount, type ReadyInfo, type RunningServer, type StartOptions, startServer } from './server.ts';
