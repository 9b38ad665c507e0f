/** The drawings that npm's icon sets carry: SVG bodies of Iconify JSON, and WebP files of Fluent's rendered emoji. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

export interface License {
  title: string
  spdx: string
  url?: string
}

export interface IconSet {
  name: string
  author: { name: string; url: string }
  license: License
  /** The drawing as an SVG file or an encoded picture, with the name it has in the set; undefined when the set has none. */
  draw(character: string): Promise<{ icon: string; picture: Buffer } | undefined>
}

/** Names that a set gives a character, where they differ from those of Unicode. */
type Names = Readonly<Record<string, string>>

const SIDE = 512

/** A set of `@iconify-json/<name>`. */
export async function iconifySet(name: string, names: Names = {}): Promise<IconSet> {
  const folder = dirname(require.resolve(`@iconify-json/${name}/package.json`))
  const json = async (file: string) => JSON.parse(await readFile(join(folder, file), 'utf8'))
  const [icons, info] = [await json('icons.json'), await json('info.json')]
  return {
    name,
    author: info.author,
    license: info.license,
    async draw(character) {
      const asked = names[character] ?? character
      const icon = icons.icons[asked] ? asked : icons.aliases?.[asked]?.parent
      const found = icons.icons[icon]
      if (!found) return undefined
      const [width, height] = [found.width ?? icons.width ?? 16, found.height ?? icons.height ?? 16]
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${SIDE}" height="${(SIDE * height) / width}" viewBox="${found.left ?? 0} ${found.top ?? 0} ${width} ${height}">${found.body}</svg>`
      return { icon, picture: Buffer.from(svg.replaceAll('currentColor', '#2b2f36')) }
    },
  }
}

/** Fluent's three-dimensional emoji, a WebP file a code point. */
export function fluent3d(codePoints: Readonly<Record<string, string>>): IconSet {
  const folder = dirname(require.resolve('@lobehub/fluent-emoji-3d/package.json'))
  return {
    name: 'fluent-emoji-3d',
    author: { name: 'Microsoft Corporation', url: 'https://github.com/microsoft/fluentui-emoji' },
    license: { title: 'MIT', spdx: 'MIT', url: 'https://github.com/microsoft/fluentui-emoji/blob/main/LICENSE' },
    async draw(character) {
      const code = codePoints[character]
      const file = code && join(folder, 'assets', `${code}.webp`)
      return file && existsSync(file) ? { icon: code, picture: await readFile(file) } : undefined
    },
  }
}
