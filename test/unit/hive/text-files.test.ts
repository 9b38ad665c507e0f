/** Text files as Hadoop reads them, whatever bytes they hold. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TextFormat } from '../../../local/engines/hive/run/metastore.ts'
import { TextFiles } from '../../../local/engines/hive/run/text-files.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stepwell-text-'))
  await mkdir(join(root, 'temp'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const format = (encoding: TextFormat['encoding']): TextFormat => ({
  delimiter: '|',
  escape: undefined,
  nullText: '\\N',
  encoding,
  skipHeader: 0,
})

let count = 0
async function readable(
  bytes: Uint8Array,
  encoding: TextFormat['encoding'],
): Promise<{ path: string; text: string; moved: boolean }> {
  const path = join(root, `file-${++count}`)
  await writeFile(path, bytes)
  const found = await new TextFiles(join(root, 'temp')).readable(path, format(encoding))
  return { path, text: await readFile(found, 'utf8'), moved: found !== path }
}

/** Records by LF, CR LF and CR, the last one with or without an end; empty ones as a delimiter. */
function records(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => line || '|')
}

describe('A text file', () => {
  const piece = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.constantFrom(
        'abc|def',
        'x',
        ' y ',
        '|',
        'a longer line of text, as most of them are, without any surprise in it',
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom('', '\u0092', 'caf\u00e9') },
  )
  const file = fc.array(fc.tuple(piece, fc.constantFrom('\n', '\n', '\n', '\r\n', '\r')), { maxLength: 60 })

  it('gives the records of its bytes in Windows-1252', async () => {
    await fc.assert(
      fc.asyncProperty(file, fc.integer({ min: 1, max: 400 }), fc.boolean(), async (lines, times, ends) => {
        const latin = (lines.map(([text, end]) => text + end).join('') + (ends ? '' : 'last')).repeat(times)
        const { text } = await readable(Buffer.from(latin, 'latin1'), 'windows-1252')
        const expected = records(latin.replaceAll('\u0092', '\u2019'))
        expect(text === '' ? [] : text.replace(/\n$/, '').split('\n')).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  it('is read in place when it is plain, also with characters of several bytes', async () => {
    expect((await readable(Buffer.from('a|b\ncafé\n'), 'utf-8')).moved).toBe(false)
    expect((await readable(Buffer.from('a|b\nlast'), 'windows-1252')).moved).toBe(false)
    expect((await readable(Buffer.from('café\n'), 'windows-1252')).moved).toBe(true)
    expect((await readable(Buffer.from('a\r\n'), 'utf-8')).moved).toBe(true)
  })

  it('keeps characters whole that straddle the chunks it is read in', async () => {
    const text = `${'é'.repeat(50)}\n`.repeat(60_000)
    const found = await readable(Buffer.from(`\n${text}`), 'utf-8')
    expect(found.moved).toBe(true)
    expect(found.text).toBe(`|\n${text}`)
  })
})
