/** What the report draws over time: each plot begins with the first record and says when that was. */
import { bars, lines, type Series } from '../../report/charts.ts'
import { number } from '../../report/text.ts'
import { FOLDERS, type Point, type StreamReport, sum } from './model.ts'
import type { WindowTally } from './tally.ts'

const MAX_POINTS = 240
/** CloudWatch's minutes are a plot once there are some. */
export const ENOUGH_PERIODS = 3
const TOP_COUNTRIES = 5
const FEW_WINDOWS = 12

export interface Plot {
  title: string
  svg: string
}

type Row = [number, number][]

export function plotsOverTime({ users, errors, metrics, balance, prefixes }: StreamReport): Plot[] {
  const inS3: Point[] = users.deliveries.map(({ at, records }) => [at, records])
  const hasPeriods = metrics.in.length >= ENOUGH_PERIODS
  const objects = FOLDERS.map((folder): [string, Point[]] => [folder, prefixes[folder].bySecond])
  const drawn = [users.bySecond, inS3, ...objects.map(([, points]) => points), ...(hasPeriods ? [metrics.in] : [])]
  const clock = clockOf(drawn.flatMap((points) => points.map(([time]) => time)))
  const { plot, rising, steps } = clock
  const deliveries = thinned(users.deliveries)
  const plots: Plot[] = [
    {
      title: 'Users: by their own time, and when they were in S3',
      svg: plot('users over time', '', [
        ['by the time they carry', rising(users.bySecond)],
        ['in S3', steps(inS3)],
      ]),
    },
    {
      title: 'Users a second, by their own time',
      svg: plot('users a second', '', [['users a second', perSecond(users.bySecond)]]),
    },
    {
      title: 'From a record’s own time to S3',
      svg: plot('delay of delivery', ' s', [
        ['slowest', deliveries.map(({ at, slowest }) => [at, slowest / 1000])],
        ['median', deliveries.map(({ at, median }) => [at, median / 1000])],
        ['fastest', deliveries.map(({ at, fastest }) => [at, fastest / 1000])],
      ]),
    },
    {
      title: 'Errors and late records in S3',
      svg: plot('errors over time', '', [
        ['errors', steps(errors.bySecond)],
        ['late', steps(errors.lateBySecond)],
      ]),
    },
    {
      title: 'Objects in S3',
      svg: plot(
        'objects over time',
        '',
        objects.map(([folder, points]) => [folder, steps(points)]),
      ),
    },
  ]
  if (hasPeriods) {
    const period = metrics.periodSeconds === 60 ? 'minute' : `${metrics.periodSeconds / 60} minutes`
    plots.unshift({
      title: `Records in, each ${period}`,
      svg: plot('records in', '', [['records in', metrics.in]]),
    })
  }
  if (metrics.lagMs.length >= ENOUGH_PERIODS && balance.in > 0) {
    plots.push({
      title: 'How far the application was behind',
      svg: plot('lag', ' s', [['lag', metrics.lagMs.map(([time, ms]) => [time, ms / 1000])]]),
    })
  }
  if (sum(metrics.throttled) > 0) {
    plots.push({
      title: 'Records that the stream refused for the time being',
      svg: plot('throttled records', '', [['refused', metrics.throttled]]),
    })
  }
  return plots.filter(({ svg }) => svg !== '')
}

/** Users by window: of all countries, and of those with most. A few windows are bars. */
export function windowPlots({ windows, countries }: WindowTally): Plot[] {
  const bar = (name: string, value: number) => ({ name, value, says: number(value) })
  if (windows.length <= FEW_WINDOWS) {
    const inEach = windows.map(({ start, users }) => bar(new Date(start).toISOString().slice(11, 19), total(users)))
    const inAll = Object.entries(countries).slice(0, FEW_WINDOWS)
    return [
      { title: 'Users in each window, by its start (UTC)', svg: bars(inEach, 'users by window') },
      {
        title: 'Users of all windows by country',
        svg: bars(
          inAll.map(([name, users]) => bar(name, users)),
          'users by country',
        ),
      },
    ]
  }
  const { plot } = clockOf(windows.map(({ start }) => start))
  const top = Object.keys(countries).slice(0, TOP_COUNTRIES)
  const all = windows.map(({ start, users }): [number, number] => [start, total(users)])
  const of = (country: string): [string, Row] => [
    country,
    windows.map(({ start, users }): [number, number] => [start, users[country] ?? 0]),
  ]
  return [
    { title: 'Users in each window', svg: plot('users by window', '', [['all countries', all]]) },
    {
      title: 'In the countries with most',
      svg: plot('users by window and country', '', top.map(of)),
    },
  ]
}

/** An axis in seconds, minutes or hours, whichever are read easily, from the first of these times. */
function clockOf(times: number[]) {
  const start = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY)
  const end = times.reduce((most, time) => Math.max(most, time), start)
  const span = (end - start) / 1000
  const [unit, name] = span <= 300 ? [1, 'seconds'] : span <= 7200 ? [60, 'minutes'] : [3600, 'hours']
  const x = Number.isFinite(start) ? `${name} since ${new Date(start).toISOString().slice(11, 19)} UTC` : ''
  return {
    /** From nothing at the beginning to all of it at the end. */
    rising: (points: Row): Row => (points.length === 0 ? [] : [[start, 0], ...thinned(summed(points))]),
    /** The same of what comes all at once, as objects do. */
    steps(points: Row): Row {
      const sums = thinned(summed(points))
      const corners = sums.flatMap(
        ([time, total], i): Row => [
          [time, sums[i - 1]?.[1] ?? 0],
          [time, total],
        ],
      )
      return corners.length === 0 ? [] : [[start, 0], ...corners, [end, sums.at(-1)?.[1] ?? 0]]
    },
    plot(label: string, unitOfY: string, named: [name: string, points: Row][]): string {
      const series = named
        .filter(([, points]) => points.length > 0)
        .map(
          ([name, points]): Series => ({
            name,
            points: points.map(([time, value]) => [(time - start) / 1000 / unit, value]),
          }),
        )
      return lines(series, { label, x, unit: unitOfY })
    },
  }
}

const total = (users: Record<string, number>) => Object.values(users).reduce((all, some) => all + some, 0)

/** Every so many points, and the last. */
function thinned<Point>(points: readonly Point[]): Point[] {
  const every = Math.ceil(points.length / MAX_POINTS)
  return points.filter((_, i) => i % every === 0 || i === points.length - 1)
}

function summed(points: Row): Row {
  let total = 0
  return points.map(([time, value]) => {
    total += value
    return [time, total]
  })
}

/** With the seconds in which none came, put together to what a plot can show. */
function perSecond(points: readonly Point[]): Row {
  const [first, last] = [points[0]?.[0], points.at(-1)?.[0]]
  if (first === undefined || last === undefined) return []
  const seconds = (last - first) / 1000 + 1
  const width = Math.ceil(seconds / MAX_POINTS)
  const sums = new Array<number>(Math.ceil(seconds / width)).fill(0)
  for (const [time, value] of points) {
    const slot = Math.floor((time - first) / 1000 / width)
    sums[slot] = (sums[slot] ?? 0) + value
  }
  return sums.map((total, i) => [first + i * width * 1000, total / width])
}
