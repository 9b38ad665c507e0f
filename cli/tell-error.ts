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
  const { name, message, stack, code, path, $metadata } = error as NodeJS.ErrnoException & { $metadata?: unknown }
  if (FOR_PEOPLE.has(name)) write(`stepwell: ${message}\n`)
  else if (path !== undefined && code !== undefined && code in DISK) {
    write(
      `stepwell: ${path} cannot be written: ${DISK[code]}. Make room or grant access, or choose another folder with --data-dir.\n`,
    )
  }
  // An answer of AWS's protocols: its name says more than a stack inside the SDK.
  else if ($metadata !== undefined) write(`stepwell: ${name}: ${message}\n`)
  else write(`stepwell: ${stack ?? String(error)}\n`)
  return 1
}

/** What a person can mend, by Node.js's codes. */
const DISK: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
  EDQUOT: 'the quota is used up',
  ENOTDIR: 'a part of its path is no folder',
  EEXIST: 'a file is in the way',
}

const FOR_PEOPLE = new Set([
  'CliError',
  'CredentialsProviderError',
  'ProducerError',
  'SourceError',
  'PortInUseError',
  'DataDirInUseError',
  'SynthesisError',
  'AssemblyError',
  'ForeignArchiveError',
  'DeployError',
])
