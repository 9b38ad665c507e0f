/** Plots of the report as inline SVG; colours come from the page's style sheet. */
import { escapeHtml } from '../../report/text.ts'
import type { Epoch } from './model.ts'

const [WIDTH, HEIGHT] = [420, 280]
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 12, 12, 36]

interface Line {
  kind: string
  points: readonly (readonly [number, number])[]
  dots?: boolean
}

interface Axes {
  label: string
  x: { label: string; from: number; to: number; ticks: readonly number[] }
  y: { label: string; from: number; to: number; ticks: readonly number[] }
}

export function curves(epochs: readonly Epoch[]): string {
  const least = Math.min(
    0.9,
    ...epochs.map(({ train, validation }) => Math.min(train, validation)).filter(Number.isFinite),
  )
  const from = Math.floor(least * 10) / 10
  const last = Math.max(1, epochs.length - 1)
  const line = (kind: 'train' | 'validation'): Line => ({
    kind,
    dots: epochs.length < 40,
    points: epochs.filter((epoch) => Number.isFinite(epoch[kind])).map((epoch) => [epoch.epoch, epoch[kind]]),
  })
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * last))
  return plot(
    {
      label: 'accuracy by epoch',
      x: { label: 'epoch', from: 0, to: last, ticks: [...new Set(ticks)] },
      y: { label: '', from, to: 1, ticks: steps(from, 1) },
    },
    [line('train'), line('validation')],
  )
}

export function rocPlot(points: readonly [number, number][]): string {
  const share = { from: 0, to: 1, ticks: [0, 0.5, 1] }
  return plot(
    {
      label: 'receiver operating characteristic',
      x: { label: 'false positive rate', ...share },
      y: { label: '', ...share },
    },
    [
      {
        kind: 'diagonal',
        points: [
          [0, 0],
          [1, 1],
        ],
      },
      { kind: 'validation', points },
    ],
  )
}

export function calibrationPlot(bins: readonly { confidence: number; accuracy: number }[]): string {
  return plot(
    {
      label: 'calibration',
      x: { label: 'confidence', from: 0.5, to: 1, ticks: [0.5, 0.75, 1] },
      y: { label: '', from: 0, to: 1, ticks: [0, 0.5, 1] },
    },
    [
      {
        kind: 'diagonal',
        points: [
          [0.5, 0.5],
          [1, 1],
        ],
      },
      { kind: 'validation', points: bins.map(({ confidence, accuracy }) => [confidence, accuracy]), dots: true },
    ],
  )
}

function plot({ label, x, y }: Axes, lines: readonly Line[]): string {
  const px = (value: number) => round(LEFT + ((value - x.from) / (x.to - x.from)) * (WIDTH - LEFT - RIGHT))
  const py = (value: number) => round(HEIGHT - BOTTOM - ((value - y.from) / (y.to - y.from)) * (HEIGHT - TOP - BOTTOM))
  const grid = y.ticks.map(
    (tick) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(tick)}" y2="${py(tick)}"/><text x="${LEFT - 6}" y="${py(tick) + 4}" text-anchor="end">${Math.round(100 * tick)}%</text>`,
  )
  const percent = x.to <= 1 && x.label !== 'epoch'
  const below = x.ticks.map(
    (tick) =>
      `<text x="${px(tick)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${percent ? `${Math.round(100 * tick)}%` : tick}</text>`,
  )
  const drawn = lines.map(({ kind, points, dots }) => {
    const path = points.map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${px(a)} ${py(b)}`).join('')
    const marks = dots
      ? points.map(([a, b]) => `<circle class="${kind}" cx="${px(a)}" cy="${py(b)}" r="3"/>`).join('')
      : ''
    return `<path class="${kind}" d="${path}"/>${marks}`
  })
  const caption = `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 4}" text-anchor="middle">${escapeHtml(x.label)}</text>`
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(label)}">${[...grid, ...below, ...drawn, caption].join('\n')}</svg>`
}

function steps(from: number, to: number): number[] {
  const step = to - from > 0.5 ? 0.2 : to - from > 0.2 ? 0.1 : 0.05
  return Array.from({ length: Math.floor((to - from) / step + 1e-6) + 1 }, (_, i) => to - i * step)
}

const round = (value: number) => Math.round(value * 10) / 10
