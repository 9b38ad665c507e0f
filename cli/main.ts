#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/** The `stepwell` command. */
import { program } from './program.ts'
import { tellError } from './tell-error.ts'

try {
  const words = process.argv.slice(2)
  await (await program(words)).parseAsync(words, { from: 'user' })
} catch (error) {
  process.exitCode = tellError(error)
}
// Whatever a command left open (a pooled socket, a worker that ends late) does not keep the person waiting.
process.exit()
