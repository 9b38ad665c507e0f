/** Pictures of the report: contact sheets and single thumbnails, as data URIs. */
import { sharp } from '../images/sharp.ts'

const CELL = 72
const GAP = 2

export async function thumbnail(jpeg: Uint8Array, side = CELL): Promise<Buffer> {
  return sharp(jpeg).resize(side, side, { fit: 'fill' }).toBuffer()
}

/** Rows of small pictures. */
export async function contactSheet(rows: readonly (readonly Uint8Array[])[]): Promise<string> {
  const columns = Math.max(1, ...rows.map((row) => row.length))
  const layers = await Promise.all(
    rows.flatMap((row, y) =>
      row.map(async (picture, x) => ({
        input: await thumbnail(picture),
        left: x * (CELL + GAP),
        top: y * (CELL + GAP),
      })),
    ),
  )
  const canvas = {
    width: columns * (CELL + GAP),
    height: rows.length * (CELL + GAP),
    channels: 3 as const,
    background: '#ffffff',
  }
  const sheet = await sharp({ create: canvas }).composite(layers).jpeg({ quality: 80 }).toBuffer()
  return dataUri(sheet)
}

export const dataUri = (jpeg: Buffer) => `data:image/jpeg;base64,${jpeg.toString('base64')}`
