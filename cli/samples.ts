/** The sample archives that the source site offers. */
import path from 'node:path'
import { ensureArchive, ForeignArchiveError } from '../data/loans/ensure-archive.ts'
import { completeOptions } from '../data/loans/generate-archive.ts'
import type { LayoutName } from '../data/loans/layouts/layout.ts'
import { CliError } from './errors.ts'
import { count, megabytes, seconds } from './format.ts'
import type { Output } from './output.ts'
import type { SampleOptions } from './sample-options.ts'

/** The folder of the archives below the data directory. */
export function archiveFolder(dataDir: string): string {
  return path.join(path.resolve(dataDir), 'source-site')
}

/**
 * Makes the archives that are missing. Somebody's own archive of a quarter stays, and stands for the sample.
 * @throws CliError naming the option that is wrong
 */
export async function ensureSamples(options: SampleOptions, folder: string, output: Output): Promise<void> {
  for (const archive of plan(options, folder)) {
    const started = performance.now()
    output.live(`  generating ${archive.quarter}`)
    const ensured = await ensureArchive(archive).catch((error) => {
      if (!(error instanceof ForeignArchiveError)) throw error
      return undefined
    })
    output.live('')
    if (!ensured) {
      const message = `The archive of ${archive.quarter} in ${folder} is your own, so no sample is made of that quarter.`
      output.object({ type: 'notice', message })
      output.line(output.colors.yellow(`  ${message}`))
      continue
    }
    const { name, size, made, truth } = ensured
    const { origination, performance: monthly } = truth.tables
    const elapsed = performance.now() - started
    output.object({
      type: 'archive',
      name,
      size,
      made,
      origination: origination.raw,
      performance: monthly.raw,
      seconds: elapsed / 1000,
    })
    const rows = `${count(origination.raw)} originations, ${count(monthly.raw)} performance rows, ${megabytes(size)}`
    output.line(
      `  ${output.colors.green('✓')} ${name}  ${output.colors.dim(`${rows}, ${made ? `made in ${seconds(elapsed)}` : 'there already'}`)}`,
    )
  }
}

function plan(options: SampleOptions, folder: string) {
  const quarters = options.quarters.split(',').map((text) => text.trim())
  try {
    return quarters.map((text) => {
      const [quarter = '', layout = options.layout] = text.split(':', 2)
      const archive = {
        quarter,
        layout: layout as LayoutName,
        loans: options.loans,
        seed: options.seed,
        dirty: options.dirty,
        folder,
        ...(options.through && { through: options.through }),
      }
      if (options.rows !== undefined) archive.loans = loansFor(options.rows / quarters.length, archive)
      completeOptions(archive)
      return archive
    })
  } catch (error) {
    if (error instanceof RangeError) throw new CliError(error.message)
    throw error
  }
}

/** How many loans give about so many performance rows: most live to the last reporting month, first paid about two months into their quarter. */
function loansFor(rows: number, archive: Parameters<typeof completeOptions>[0]): number {
  const { quarter, lastMonth } = completeOptions({ ...archive, loans: 1 })
  const months = Math.max(lastMonth - quarter.firstMonth - 1.5, 1)
  // A loan is gone after seven years or so on average.
  const lived = 84 * (1 - Math.exp(-months / 84))
  return Math.max(1, Math.ceil(rows / lived))
}
