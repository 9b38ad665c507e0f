#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --disable-warning=ExperimentalWarning
/**
 * What `npx stepwell` and the npm scripts run: plain JavaScript, so that any Node.js can start it. The command itself (main.ts) goes on in the
 * Node.js 24 that ./setup installs, when this is an older one. Two malloc arenas (glibc) for all threads: with one a thread, what a
 * thread has freed stays with it, which was 300 MB after a batch run. Only the environment of a new process can say so.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const node = path('../node_modules/node/bin/node')

if (!existsSync(node)) {
  process.stderr.write('stepwell: The npm packages are not installed yet. Run ./setup first.\n')
  process.exitCode = 1
} else if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  await import('./main.ts')
} else {
  const words = ['--disable-warning=ExperimentalWarning', path('main.ts'), ...process.argv.slice(2)]
  const child = spawn(node, words, { stdio: 'inherit' })
  // A terminal sends Ctrl-C to both; a second one would end the command at once.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGKILL' ? 137 : 1)
  })
}
