/** `stepwell generate`: sample archives for the source site, or into any folder. */
import type { Command } from 'commander'
import { addDataDir, addJson, addSamples } from '../options.ts'
import { Output } from '../output.ts'
import type { SampleOptions } from '../sample-options.ts'
import { archiveFolder, ensureSamples } from '../samples.ts'

export function generate(command: Command): Command {
  return addJson(addSamples(addDataDir(command)))
    .option('--folder <folder>', 'where they go (default: where the source site of the local cloud offers them)')
    .action(run)
}

async function run(options: SampleOptions & { dataDir: string; folder?: string; json?: boolean }): Promise<void> {
  await ensureSamples(options, options.folder ?? archiveFolder(options.dataDir), new Output(options))
}
