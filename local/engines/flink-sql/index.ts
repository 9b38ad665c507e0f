/** Flink SQL in one process: the subset that the README describes. Knows nothing of AWS. */
export { FlinkSqlRuntimeError, FlinkSqlSyntaxError, FlinkSqlUnsupportedError } from './errors.ts'
export type { Job } from './job.ts'
export { type Connector, compileScript, type Program } from './program.ts'
export {
  type Checkpoint,
  type Checkpoints,
  type Position,
  type Progress,
  runProgram,
  type Sink,
  type Source,
} from './run.ts'
