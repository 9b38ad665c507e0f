/** What the report draws over time: each plot begins with the first record and says when that was. */
import { lines, type Series } from '../../report/charts.ts'
import { type Point, type StreamReport, sum } from './model.ts'
import type { WindowTally } from './tally.ts'

const MAX_POINTS = 240
/** CloudWatch's minutes are a plot once there are some. */
const ENOUGH_PERIODS = 3
const TOP_COUNTRIES = 5

export interface Plot {
  title: string
  svg: string
}

type Row = [number, number][]

export function plotsOverTime({ users, errors, metrics, balance }: StreamReport): Plot[] {
  const clock = clockOf([
    ...users.bySecond.map(([time]) => time),
    ...users.deliveries.map(({ at }) => at),
    ...errors.bySecond.map(([time]) => time),
    ...metrics.in.map(([time]) => time),
  ])
  const inS3: Point[] = users.deliveries.map(({ at, records }) => [at, records])
  const wrong = errors.bySecond
  const plots: Plot[] = [
    {
      title: 'Users: by their own time, and when they were in S3',
      svg: clock.plot('users over time', '', [
        ['by the time they carry', cumulative(users.bySecond)],
        ['in S3', cumulative(inS3)],
      ]),
    },
    {
      title: 'Users a second, by their own time',
      svg: clock.plot('users a second', '', [['users a second', perSecond(users.bySecond)]]),
    },
    {
      title: 'From a record’s time to its place in S3',
      svg: clock.plot('delay of delivery', ' s', [
        ['slowest', users.deliveries.map(({ at, slowest }) => [at, slowest / 1000])],
        ['median', users.deliveries.map(({ at, median }) => [at, median / 1000])],
        ['fastest', users.deliveries.map(({ at, fastest }) => [at, fastest / 1000])],
      ]),
    },
    {
      title: 'Errors in S3, with the late ones',
      svg: clock.plot('errors over time', '', [['errors', cumulative(wrong)]]),
    },
    {
      title: 'Objects of users in S3',
      svg: clock.plot('objects over time', '', [['objects', cumulative(inS3.map(([at]) => [at, 1]))]]),
    },
  ]
  if (metrics.in.length >= ENOUGH_PERIODS) {
    const period = metrics.periodSeconds === 60 ? 'minute' : `${metrics.periodSeconds / 60} minutes`
    plots.unshift({
      title: `Records in, each ${period}`,
      svg: clock.plot('records in', '', [['records in', metrics.in]]),
    })
  }
  if (metrics.lagMs.length >= ENOUGH_PERIODS && balance.in > 0) {
    plots.push({
      title: 'How far the application was behind',
      svg: clock.plot('lag', ' s', [['lag', metrics.lagMs.map(([time, ms]) => [time, ms / 1000])]]),
    })
  }
  if (sum(metrics.throttled) > 0) {
    plots.push({
      title: 'Records that the stream refused for the time being',
      svg: clock.plot('throttled records', '', [['refused', metrics.throttled]]),
    })
  }
  return plots.filter(({ svg }) => svg !== '')
}

/** Users by window, in all and in the countries with most. */
export function windowPlot({ windows, countries }: WindowTally): string {
  const clock = clockOf(windows.map(({ start }) => start))
  const top = Object.keys(countries).slice(0, TOP_COUNTRIES)
  const all = windows.map(({ start, users }): [number, number] => [
    start,
    Object.values(users).reduce((total, number) => total + number, 0),
  ])
  return clock.plot('users by window', '', [
    ['all', all],
    ...top.map((country): [string, Row] => [
      country,
      windows.map(({ start, users }): [number, number] => [start, users[country] ?? 0]),
    ]),
  ])
}

/** An axis in seconds, minutes or hours, whichever are read easily, from the first of these times. */
function clockOf(times: number[]) {
  const start = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY)
  const end = times.reduce((most, time) => Math.max(most, time), start)
  const span = (end - start) / 1000
  const [unit, name] = span <= 300 ? [1, 'seconds'] : span <= 7200 ? [60, 'minutes'] : [3600, 'hours']
  const x = Number.isFinite(start) ? `${name} since ${new Date(start).toISOString().slice(11, 19)} UTC` : ''
  return {
    plot(label: string, unitOfY: string, named: [name: string, points: Row][]): string {
      const series = named
        .filter(([, points]) => points.length > 0)
        .map(
          ([name, points]): Series => ({
            name,
            points: thinned(points).map(([time, value]) => [(time - start) / 1000 / unit, value]),
          }),
        )
      return lines(series, { label, x, unit: unitOfY })
    },
  }
}

/** Every so many points, and the last. */
function thinned(points: Row): Row {
  const every = Math.ceil(points.length / MAX_POINTS)
  return points.filter((_, i) => i % every === 0 || i === points.length - 1)
}

function cumulative(points: Row): Row {
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
