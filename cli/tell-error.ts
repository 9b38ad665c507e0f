/** An error as the person at the command line should read it. */
import { ExecutionFailed } from './errors.ts'

/**
 * Errors that were made for people are printed as their message; any other with its stack, because it is a defect.
 * @returns the exit code
 */
export function tellError(
  error: unknown,
  write: (text: string) => void = (text) => void process.stderr.write(text),
): number {
  if (error instanceof ExecutionFailed) return 1
  const { name, message, stack, $metadata } = error as Error & { $metadata?: unknown }
  if (FOR_PEOPLE.has(name)) write(`stepwell: ${message}\n`)
  // An answer of AWS's protocols: its name says more than a stack inside the SDK.
  else if ($metadata !== undefined) write(`stepwell: ${name}: ${message}\n`)
  else write(`stepwell: ${stack ?? String(error)}\n`)
  return 1
}

const FOR_PEOPLE = new Set([
  'CliError',
  'PortInUseError',
  'DataDirInUseError',
  'SynthesisError',
  'AssemblyError',
  'ForeignArchiveError',
  'DeployError',
])
