/** Pieces of inline SVG. Colours come from the page's style sheet, by class. */
import { escapeHtml } from './text.ts'

/** A drawing as wide as its place, in units of its own. */
export function svg(width: number, height: number, label: string, content: string[]): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">${content.join('\n')}</svg>`
}

/** The same for a drawing whose texts would be too small on a phone: there it is scrolled. */
export function wideSvg(width: number, height: number, label: string, content: string[]): string {
  return `<div class="wide"><div class="broad">${svg(width, height, label, content)}</div></div>`
}

export function rect(x: number, y: number, width: number, height: number, kind: string): string {
  return `<rect class="${kind}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(Math.max(height, 0))}"/>`
}

export function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeHtml(content)}</text>`
}

export const round = (value: number) => Math.round(value * 10) / 10
