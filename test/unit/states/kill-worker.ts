/** Runs, or goes on with, one execution in a process of its own, which the test kills: `node kill-worker.ts <folder> <tasks>`. */
import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realClock } from '../../../local/engines/states/clock.ts'
import { compileDefinition } from '../../../local/engines/states/definition.ts'
import { Engine } from '../../../local/engines/states/engine.ts'
import { FileJournals } from '../../../local/engines/states/journal.ts'
import { killDefinition, killInfo } from './kill-definition.ts'

const [folder = '.', tasks = '200'] = process.argv.slice(2)
const engine = new Engine({
  clock: realClock,
  journals: new FileJournals(join(folder, 'journals')),
  region: 'us-east-1',
  tasks: {
    async run(call) {
      appendFileSync(join(folder, 'calls.txt'), `${JSON.stringify(call.arguments)}\n`)
      await new Promise((resume) => setTimeout(resume, 5))
      return { output: call.arguments }
    },
    rejoin: async () => ({}),
  },
})
const result = await engine.resume(killInfo, compileDefinition(killDefinition(Number(tasks)))).ended
writeFileSync(join(folder, 'result.part'), JSON.stringify(result))
renameSync(join(folder, 'result.part'), join(folder, 'result.json'))
