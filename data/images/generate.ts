/**
 * Makes the sample pictures: drawings out of npm's icon sets, each on a backdrop, in folders a class, and a file that says whose
 * drawings they are. The same seed makes the same pictures.
 *
 * A file is called `<subject>--<set>-<number>.<ending>`: pictures of one subject stay on one side of a split. The subject of a penguin is its
 * design (they are all one character), that of the others is the character.
 */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { OTHERS, PENGUIN_CODE } from './characters.ts'
import { fluent3d, type IconSet, iconifySet } from './icon-sets.ts'

export interface ImageOptions {
  folder: string
  /** Pictures in all; a quarter of them are penguins. */
  images?: number
  seed?: number
}

export interface SampleImages {
  folder: string
  images: number
  classes: Record<string, number>
  /** False when they were there already. */
  made: boolean
}

interface Drawing {
  subject: string
  set: IconSet
  icon: string
  picture: Buffer
}

const PENGUINS = 0.24
const SIDE = 480

/** @throws RangeError when there are not enough drawings */
export async function generateImages({ folder, images = 125, seed = 1 }: ImageOptions): Promise<SampleImages> {
  const penguins = Math.round(images * PENGUINS)
  const classes = { 'not-penguin': images - penguins, penguin: penguins }
  const result = { folder, images, classes }
  const marker = join(folder, `.images-${images}-${seed}`)
  if (existsSync(marker)) return { ...result, made: false }
  const random = generator(seed)
  const sets = await allSets()
  const designs = await drawings(sets, ['penguin'], (set) => `design-${set.name}`)
  const others = await drawings(sets.slice(0, -2), Object.keys(OTHERS), (_, character) => character)
  if (others.length < classes['not-penguin'] || images < 8) {
    throw new RangeError(
      `There are drawings for 8 to ${Math.floor(others.length / (1 - PENGUINS))} sample pictures, not for ${images}.`,
    )
  }
  const unfinished = `${folder}.part`
  await rm(unfinished, { recursive: true, force: true })
  const credits = new Map<string, IconSet>()
  for (const [name, count, pool] of [
    ['penguin', penguins, designs],
    ['not-penguin', classes['not-penguin'], shuffled(others, random)],
  ] as const) {
    await mkdir(join(unfinished, name), { recursive: true })
    for (let i = 0; i < count; i++) {
      const drawing = pool[i % pool.length]!
      credits.set(drawing.set.name, drawing.set)
      const ending = i % 3 === 0 ? 'png' : 'jpg'
      const picture = await compose(drawing, random)
      const file = `${drawing.subject}--${drawing.set.name}-${Math.floor(i / pool.length) + 1}.${ending}`
      await writeFile(
        join(unfinished, name, file),
        await (ending === 'png' ? picture.png() : picture.jpeg({ quality: 90 })).toBuffer(),
      )
    }
  }
  await writeFile(join(unfinished, 'ATTRIBUTION.md'), attribution([...credits.values()]))
  await writeFile(join(unfinished, `.images-${images}-${seed}`), '')
  await rm(folder, { recursive: true, force: true })
  await rename(unfinished, folder)
  return { ...result, made: true }
}

/** The last two know penguins only. */
async function allSets(): Promise<IconSet[]> {
  return [
    ...(await Promise.all(
      ['noto', 'twemoji', 'openmoji', 'fluent-emoji-flat', 'noto-v1', 'emojione', 'emojione-v1', 'fxemoji'].map(
        (name) => iconifySet(name),
      ),
    )),
    fluent3d({ ...OTHERS, penguin: PENGUIN_CODE }),
    await iconifySet('streamline-emojis', { penguin: 'penguin-1' }),
    await iconifySet('streamline-emojis', { penguin: 'penguin-2' }).then((set) => ({
      ...set,
      name: 'streamline-emojis-2',
    })),
    await iconifySet('flat-color-icons', { penguin: 'linux' }),
    await iconifySet('skill-icons', { penguin: 'linux-light' }),
  ]
}

async function drawings(
  sets: IconSet[],
  characters: string[],
  subject: (set: IconSet, character: string) => string,
): Promise<Drawing[]> {
  const found: Drawing[] = []
  for (const character of characters) {
    for (const set of sets) {
      const drawn = await set.draw(character)
      if (drawn) found.push({ subject: subject(set, character), set, ...drawn })
    }
  }
  return found
}

/** The drawing in some size, place and tilt on some backdrop: neither may tell the class. */
async function compose({ picture }: Drawing, random: () => number): Promise<Sharp> {
  const size = Math.round(SIDE * (0.62 + 0.28 * random()))
  let figure = sharp(picture, { density: 96 }).resize(size, size, { fit: 'inside' })
  if (random() < 0.5) figure = figure.flop()
  const tilted = await figure
    .rotate((random() - 0.5) * 16, { background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .png()
    .toBuffer({ resolveWithObject: true })
  const [freeX, freeY] = [SIDE - tilted.info.width, SIDE - tilted.info.height]
  const input =
    freeX < 0 || freeY < 0
      ? await sharp(tilted.data).resize(SIDE, SIDE, { fit: 'inside' }).png().toBuffer()
      : tilted.data
  return sharp(backdrop(random))
    .resize(SIDE, SIDE)
    .composite([
      { input, left: Math.max(0, Math.round(freeX * random())), top: Math.max(0, Math.round(freeY * random())) },
    ])
}

/** White, a colour, or one colour that passes into another. */
function backdrop(random: () => number): Buffer {
  const colour = () =>
    `hsl(${Math.round(360 * random())} ${Math.round(20 + 50 * random())}% ${Math.round(60 + 35 * random())}%)`
  const kind = random()
  const [from, to] = kind < 0.3 ? ['#fff', '#fff'] : [colour(), colour()]
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><linearGradient id="g" x1="0" y1="0" x2="${kind < 0.6 ? 0 : 1}" y2="1"><stop offset="0" stop-color="${hex(from!)}"/><stop offset="1" stop-color="${hex(kind < 0.6 ? from! : to!)}"/></linearGradient><rect width="100%" height="100%" fill="url(#g)"/></svg>`,
  )
}

/** librsvg takes hsl() with commas only. */
const hex = (colour: string) => colour.replace(/hsl\((\d+) (\d+)% (\d+)%\)/, 'hsl($1,$2%,$3%)')

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[result[i], result[j]] = [result[j]!, result[i]!]
  }
  return result
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function attribution(sets: IconSet[]): string {
  const unique = new Map(sets.map((set) => [set.name.replace(/-2$/, ''), set]))
  const lines = [...unique].map(
    ([name, { author, license }]) =>
      `- **${name}** by [${author.name}](${author.url}), ${license.title} (${license.spdx})${license.url ? `: ${license.url}` : ''}`,
  )
  return `# Whose drawings these are\n\nEach file is a drawing of one of these icon sets on a backdrop that was added here, mirrored, tilted and scaled;\nthe name of the set is in the file's name. Pictures with drawings under a share-alike licence are under that licence.\n\n${lines.sort().join('\n')}\n`
}
