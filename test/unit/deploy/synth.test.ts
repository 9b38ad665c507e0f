import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SynthesisError, synthesize } from '../../../local/deploy/synth.ts'

/** Stands in for workflows/app.ts: leaves in the assembly what it was given, and counts its runs. */
const app = `
import { appendFileSync, writeFileSync } from 'node:fs'
const { CDK_OUTDIR, CDK_CONTEXT_JSON } = process.env
appendFileSync('runs', 'x')
writeFileSync(CDK_OUTDIR + '/manifest.json', CDK_CONTEXT_JSON)
`

describe('synthesizing for the local cloud', () => {
  let root: string
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  const runs = () => readFileSync(join(root, 'runs'), 'utf8').length
  const assemblies = () => join(root, '.build', 'assemblies')

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stepwell-synth-'))
    write('package.json', '{"type":"module"}')
    write('cdk.json', '{"context":{"flag":true}}')
    write('workflows/app.ts', app)
    write('tasks/batch/one.ts', '1')
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  it('runs the app with the context of cdk.json and local=true', async () => {
    // Act
    const assembly = await synthesize({ root })

    // Assess
    expect(JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8'))).toEqual({ flag: true, local: true })
  })

  it('runs the app once for sources that do not change, README and dot files aside', async () => {
    // Prepare
    let started = 0
    const onStart = () => started++

    // Act
    const first = await synthesize({ root, onStart })
    write('tasks/batch/README.md', 'words')
    write('tasks/batch/.one.ts.swp', 'editor')
    const second = await synthesize({ root, onStart })

    // Assess
    expect(second).toBe(first)
    expect([runs(), started]).toEqual([1, 1])
  })

  it.each(['workflows/stack.ts', 'tasks/batch/two.ts', 'definitions/batch.asl.json', 'hql/a.hql', 'sql/mysql/a.sql'])(
    'runs the app again when %s changes',
    async (file) => {
      // Prepare
      const before = await synthesize({ root })
      write(file, 'new')

      // Act
      const after = await synthesize({ root })

      // Assess
      expect(after).not.toBe(before)
      expect(runs()).toBe(2)
    },
  )

  it('runs the app once when many processes and callers ask at the same time', async () => {
    // Prepare
    const module = fileURLToPath(new URL('../../../local/deploy/synth.ts', import.meta.url))
    const script = `import { synthesize } from ${JSON.stringify(module)}; console.log(await synthesize({ root: ${JSON.stringify(root)} }))`
    const inAnotherProcess = () =>
      promisify(execFile)(process.execPath, [
        '--disable-warning=ExperimentalWarning',
        '--input-type=module',
        '-e',
        script,
      ])

    // Act
    const [others, ...own] = await Promise.all([
      Promise.all([inAnotherProcess(), inAnotherProcess()]),
      synthesize({ root }),
      synthesize({ root }),
    ])

    // Assess
    expect(new Set([...own, ...others.map(({ stdout }) => stdout.trim())]).size).toBe(1)
    expect(runs()).toBe(1)
    expect(readdirSync(assemblies())).toHaveLength(1)
  })

  it('does not wait for a process that died in its turn', async () => {
    // Prepare
    const assembly = await synthesize({ root })
    rmSync(assembly, { recursive: true })
    writeFileSync(`${assembly}.turn`, '2147483646')

    // Act
    const again = await synthesize({ root })

    // Assess
    expect(again).toBe(assembly)
    expect(existsSync(`${assembly}.turn`)).toBe(false)
  })

  it('throws what a failing app printed and leaves nothing behind', async () => {
    // Prepare
    write('workflows/app.ts', "console.error('the well is dry'); process.exit(3)")

    // Act
    const synthesis = synthesize({ root })

    // Assess
    await expect(synthesis).rejects.toThrow(SynthesisError)
    await expect(synthesis).rejects.toThrow(/exit code 3.*\n.*the well is dry/)
    expect(readdirSync(assemblies())).toEqual([])
  })

  it('removes assemblies that nobody has used for two days, and keeps younger ones', async () => {
    // Prepare
    const threeDaysAgo = new Date(Date.now() - 3 * 24 * 3600 * 1000)
    for (const name of ['old', 'young']) write(`.build/assemblies/${name}/manifest.json`, '{}')
    utimesSync(join(assemblies(), 'old'), threeDaysAgo, threeDaysAgo)

    // Act
    await synthesize({ root })

    // Assess
    expect(readdirSync(assemblies())).toContain('young')
    expect(readdirSync(assemblies())).not.toContain('old')
  })

  it('makes the assembly again when a source changes while the app runs', async () => {
    // Prepare
    write(
      'workflows/app.ts',
      `${app}
       import { existsSync } from 'node:fs'
       if (!existsSync('tasks/batch/late.ts')) writeFileSync('tasks/batch/late.ts', 'late')`,
    )

    // Act
    const assembly = await synthesize({ root })
    const again = await synthesize({ root })

    // Assess
    expect(again).toBe(assembly)
    expect(runs()).toBe(2)
  })
})
