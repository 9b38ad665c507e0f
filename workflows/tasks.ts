/** Which files of `tasks/` are Lambda functions. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file of `tasks/<workflow>/` is a task when it exports a handler; the others are what tasks share. */
const handlerExport = /^export (const|async function|function) handler\b/m

/** The tasks of the repository, `<workflow>/<task>`, in the order of their names. */
export function listTasks(root: string): string[] {
  const tasks = join(root, 'tasks')
  return readdirSync(tasks, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((workflow) =>
      readdirSync(join(tasks, workflow.name))
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
        .filter((file) => handlerExport.test(readFileSync(join(tasks, workflow.name, file), 'utf8')))
        .map((file) => `${workflow.name}/${file.slice(0, -'.ts'.length)}`),
    )
    .sort()
}
