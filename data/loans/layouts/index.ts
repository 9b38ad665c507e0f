/** The three layouts in which the dataset has been published. */

import type { Layout, LayoutName } from './layout.ts'
import { legacy32 } from './legacy32.ts'
import { r47 } from './r47.ts'
import { release2018 } from './release2018.ts'

export const LAYOUTS: Readonly<Record<LayoutName, Layout>> = { r47, legacy32, release2018 }

/** @throws RangeError when there is no such layout */
export function layoutNamed(name: string): Layout {
  const layout = Object.hasOwn(LAYOUTS, name) ? LAYOUTS[name as LayoutName] : undefined
  if (!layout) throw new RangeError(`There is no layout "${name}": choose one of ${Object.keys(LAYOUTS).join(', ')}.`)
  return layout
}
