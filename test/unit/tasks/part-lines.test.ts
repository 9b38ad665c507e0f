/** Parts of a file: every line goes to exactly one of them, wherever the cuts are. */
import { describe, expect, it } from 'vitest'
import { type FilePart, linesOf, partsOf } from '../../../tasks/batch/mysql/part-lines.ts'

/** What a part gives of the text, read in chunks of `width` bytes. */
async function given(text: string, part: FilePart, width: number): Promise<string> {
  const file = Buffer.from(text)
  const read = async (from: number, to: number) =>
    (async function* () {
      if (!(from < to && to <= file.length)) throw new RangeError(`No bytes ${from} to ${to}.`)
      for (let at = from; at < to; at += width) yield file.subarray(at, Math.min(to, at + width))
    })()
  const chunks: Uint8Array[] = []
  for await (const chunk of linesOf(part, read)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** The whole lines of the text that begin in the part, found without reading in parts. */
function expected(text: string, { from, to }: FilePart): string {
  let at = 0
  const lines = text.split(/(?<=\n)/).filter((line) => {
    const begins = at
    at += line.length
    return begins >= from && begins < to
  })
  return lines.join('')
}

describe('partsOf', () => {
  it.each([
    [0, 10, []],
    [1, 10, [[0, 1]]],
    [10, 10, [[0, 10]]],
    [
      11,
      10,
      [
        [0, 5],
        [5, 11],
      ],
    ],
    [
      30,
      10,
      [
        [0, 10],
        [10, 20],
        [20, 30],
      ],
    ],
  ])('cuts %i bytes into parts of at most %i', (size, most, cuts) => {
    expect(partsOf(size, most)).toEqual(cuts.map(([from, to]) => ({ from, to, size })))
  })
})

describe('linesOf', () => {
  it.each([
    ['lines of equal length, cut at their ends', 'aa\nbb\ncc\n'],
    ['a last line without its end', 'aa\nbb\ncc'],
    ['a line longer than parts', `a\n${'b'.repeat(40)}\nc\n`],
    ['nothing but one long line', 'b'.repeat(50)],
    ['empty lines', '\n\n\na\n\n'],
  ])('gives each of the file once: %s', async (_, text) => {
    for (let most = 1; most <= text.length + 1; most++) {
      for (const width of [1, 3, 1000]) {
        // Act
        const parts = partsOf(text.length, most)
        const got = await Promise.all(parts.map((part) => given(text, part, width)))

        // Assess
        expect(got).toEqual(parts.map((part) => expected(text, part)))
        expect(got.join('')).toBe(text)
      }
    }
  })

  it('reads on to the end of a line that is far longer than what is read at a time', async () => {
    const text = `${'a'.repeat(200_000)}\nb\n`
    expect(await given(text, { from: 0, to: 10, size: text.length }, 16_384)).toBe(`${'a'.repeat(200_000)}\n`)
    expect(await given(text, { from: 10, to: text.length, size: text.length }, 16_384)).toBe('b\n')
  })

  it('reads nothing for an empty part', async () => {
    expect(await given('a\n', { from: 0, to: 0, size: 0 }, 10)).toBe('')
  })
})
