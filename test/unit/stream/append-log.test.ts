import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppendLog, type Framing } from '../../../local/append-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'append-log-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const framing: Framing = {
  headerBytes: 8,
  frameBytes: (piece, at) => 8 + piece.readUInt32LE(at),
  isWhole: (frame) => crc32(frame.subarray(8)) === frame.readUInt32LE(4),
}
const frame = (text: string): Buffer => {
  const body = Buffer.from(text)
  const header = Buffer.alloc(8)
  header.writeUInt32LE(body.length, 0)
  header.writeUInt32LE(crc32(body), 4)
  return Buffer.concat([header, body])
}
const open = (segmentBytes = 1e6, within = folder) => new AppendLog(within, { suffix: '.log', framing, segmentBytes })
const texts = (log: AppendLog): string[] =>
  log.segments.flatMap((segment) => [...log.frames(segment)].map(({ bytes }) => bytes.toString('utf8', 8)))

describe('an append-only log', () => {
  it('gives places at once, and shows frames once they are on the disk', async () => {
    const log = open()
    expect([log.append(frame('a')), log.append(frame('bc'))]).toEqual([0, 9])
    expect(texts(log)).toEqual([])
    await log.flush()
    expect(texts(log)).toEqual(['a', 'bc'])
    await log.close()
  })

  it('keeps the order of concurrent appends over many segments and a restart', async () => {
    const log = open(200)
    const written = Array.from({ length: 300 }, (_, i) => `${i} ${'x'.repeat(i % 50)}`)
    await Promise.all(
      written.map((text, i) => {
        if (log.isFull) log.rotate(i)
        log.append(frame(text))
        return log.flush()
      }),
    )
    expect(log.segments.length).toBeGreaterThan(20)
    await log.close()

    const again = open(200)
    expect(texts(again)).toEqual(written)
    expect(again.segments.map(({ start }) => texts(again)[start]?.split(' ')[0])).toEqual(
      again.segments.map(({ start }) => String(start)),
    )
    await again.close()
  })

  it('holds whole frames and nothing else after a crash, wherever the file was cut or overwritten', async () => {
    const log = open()
    const written = ['one', '', 'three'.repeat(100), 'four']
    for (const text of written) log.append(frame(text))
    await log.close()
    const [name] = readdirSync(folder)
    const whole = readFileSync(join(folder, name!))

    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.boolean(), async (cut, isOverwritten) => {
        const within = mkdtempSync(join(tmpdir(), 'append-log-'))
        const file = join(within, name!)
        try {
          const torn = Buffer.from(whole)
          if (isOverwritten) torn.fill(0x5a, cut)
          writeFileSync(file, torn)
          if (!isOverwritten) truncateSync(file, cut)
          const again = open(1e6, within)
          const kept = texts(again)
          expect(kept).toEqual(written.slice(0, kept.length))
          again.append(frame('new'))
          await again.flush()
          expect(texts(again)).toEqual([...kept, 'new'])
          await again.close()
        } finally {
          rmSync(within, { recursive: true, force: true })
        }
      }),
      { numRuns: 60 },
    )
  })

  it('removes the oldest segments, but none that is being written, nor the last', async () => {
    const log = open(1)
    log.append(frame('a'))
    log.rotate(1)
    log.append(frame('b'))
    expect(log.removeOldest()).toBe(false)
    await log.flush()
    expect(log.removeOldest()).toBe(true)
    expect(log.removeOldest()).toBe(false)
    expect(texts(log)).toEqual(['b'])
    expect(readdirSync(folder)).toHaveLength(1)
    await log.close()
  })

  it.skipIf(!existsSync('/dev/full'))('takes nothing more once the disk has failed', async () => {
    symlinkSync('/dev/full', join(folder, '0000000000000000.log'))
    const log = open()
    log.append(frame('a'))
    await expect(log.flush()).rejects.toMatchObject({ code: 'ENOSPC' })
    log.rotate(1)
    log.append(frame('b'))
    await expect(log.flush()).rejects.toMatchObject({ code: 'ENOSPC' })
    await log.close()
  })

  it('takes nothing more once it is closed', async () => {
    const log = open()
    await log.close()
    log.append(frame('a'))
    await expect(log.flush()).rejects.toThrow(/is closed/)
  })
})
