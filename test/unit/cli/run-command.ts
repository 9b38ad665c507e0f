/** Runs a command of `stepwell` in this process and collects what it says. */
import { vi } from 'vitest'
import { program } from '../../../cli/program.ts'
import { tellError } from '../../../cli/tell-error.ts'

export interface Said {
  code: number
  out: string
  err: string
  /** The lines of --json. */
  objects: any[]
}

export async function stepwell(...words: string[]): Promise<Said> {
  let out = ''
  let err = ''
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text
    return true
  })
  let code = 0
  try {
    const command = (await program(words)).exitOverride()
    for (const child of command.commands) child.exitOverride().configureOutput({ writeErr: (text) => (err += text) })
    await command.parseAsync(words, { from: 'user' })
  } catch (error) {
    code = (error as { code?: string }).code?.startsWith('commander.') ? 1 : tellError(error, (text) => (err += text))
  } finally {
    stdout.mockRestore()
  }
  const objects = words.includes('--json')
    ? out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []
  return { code, out, err, objects }
}
