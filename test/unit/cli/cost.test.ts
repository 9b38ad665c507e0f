import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { afterAll, describe, expect, it } from 'vitest'
import { estimate, runSize } from '../../../cli/cost/estimate.ts'
import { PRICES, SOURCES, UNCHECKED } from '../../../cli/cost/prices.ts'
import { DEPLOYED } from '../../../cli/cost/rates.ts'
import { Database } from '../../../workflows/database.ts'
import { Parameters } from '../../../workflows/parameters.ts'
import { Warehouse } from '../../../workflows/warehouse.ts'
import { stepwell } from './run-command.ts'

const of = (rows: number, quarters?: number) => estimate(runSize({ rows, ...(quarters && { quarters }) }))
const named = (rows: number, name: string) => of(rows).lines.find((line) => line.name === name)!

describe('estimate', () => {
  it('adds up: each line is quantity × price, each section its lines, the total its sections', () => {
    const { lines, totals } = of(1_300_000_000)
    for (const { quantity, price, amount } of lines) expect(amount).toBeCloseTo(quantity * price, 12)
    for (const section of ['run', 'storage', 'idle'] as const) {
      const amounts = lines.filter((line) => line.section === section).map(({ amount }) => amount)
      expect(totals[section]).toBeCloseTo(
        amounts.reduce((a, b) => a + b),
        9,
      )
    }
    expect(totals.total).toBeCloseTo(totals.run + totals.storage + totals.idle, 9)
    expect(lines.every(({ assumption, unit }) => assumption !== '' && unit !== '')).toBe(true)
  })

  it('costs more with more rows, in the same quarters too, and less than twice as much for twice the rows', () => {
    for (const [once, twice] of [
      [of(20_000_000), of(40_000_000)],
      [of(20_000_000, 4), of(40_000_000, 4)],
    ] as const) {
      expect(twice.totals.run).toBeGreaterThan(once.totals.run)
      expect(twice.totals.run).toBeLessThan(2 * once.totals.run)
      expect(twice.totals.storage).toBeCloseTo(2 * once.totals.storage, 6)
    }
  })

  it('leaves only what idles when there are no rows', () => {
    const { lines, totals } = of(0)
    expect(lines.map(({ section }) => section)).toEqual(lines.map(() => 'idle'))
    expect(totals).toMatchObject({ run: 0, storage: 0 })
    expect(totals.total).toBe(totals.idle)
    expect(totals.idle).toBeCloseTo(730 * (0.016 + 0.01) + 20 * 0.115 + 3 * 0.4 + 24 * 0.1 + 3, 9)
  })

  it('bills a month of the database once, whatever part of it a run takes', () => {
    const hours = (rows: number) =>
      of(rows)
        .lines.filter(({ name }) => name === 'RDS for MySQL')
        .reduce((sum, { quantity }) => sum + quantity, 0)
    expect(hours(0)).toBe(730)
    expect(hours(1_300_000_000)).toBeCloseTo(730, 9)
  })

  it("takes the article's hours for the article's rows, and a cluster's start for few", () => {
    // 3 nodes: 10 minutes to start and for steps, (140 s + 3.5 h) and a tenth to count
    expect(named(1_300_000_000, 'EMR cluster: EC2').quantity).toBeCloseTo(3 * (1 / 6 + 1.1 * (140 / 3600 + 3.5)), 6)
    expect(named(1, 'EMR cluster: EC2').quantity).toBeCloseTo(0.5, 2)
    // 3 hours of COPY for performance, 25 million loans at the same rate, 5 minutes of queries; 8 RPU
    expect(named(1_300_000_000, 'Redshift Serverless').quantity).toBeCloseTo(8 * (3 * (1325 / 1300) + 1 / 12), 6)
  })

  it('warns of quarters that no function could collect in its time', () => {
    expect(of(100_000_000).warnings).toEqual([])
    expect(of(1_300_000_000, 1).warnings[0]).toMatch(
      /^CollectQuarter would take \d+ s a quarter, .* give more --quarters\.$/,
    )
  })
})

describe('the disks', () => {
  it('are warned of where they would fill up, with the parameters that make them larger', () => {
    expect(of(400_000_000).warnings).toEqual([])
    expect(of(1_300_000_000).warnings).toEqual([
      expect.stringMatching(/^Hive would want some 370 GB on the core nodes, which have 128: .*ClusterDisk=190,/),
      expect.stringMatching(/^MySQL would want some 30 GB, has 20, .*DatabaseStorage=30,/),
    ])
  })
})

describe('runSize', () => {
  it('completes loans from rows, rows from loans, and quarters from rows', () => {
    expect(runSize({ rows: 1_300_000_000 })).toEqual({ loans: 25_000_000, rows: 1_300_000_000, quarters: 76 })
    expect(runSize({ loans: 25_000_000 })).toEqual({ loans: 25_000_000, rows: 1_300_000_000, quarters: 76 })
    expect(runSize({ rows: 1 })).toEqual({ loans: 1, rows: 1, quarters: 1 })
    expect(runSize({ rows: 0 })).toEqual({ loans: 0, rows: 0, quarters: 0 })
  })

  it('refuses what is no count, and rows without a quarter', () => {
    expect(() => runSize({ rows: -1 })).toThrow(RangeError)
    expect(() => runSize({ loans: 1.5, rows: 10 })).toThrow('loans is 1.5')
    expect(() => runSize({ rows: 5, quarters: 0 })).toThrow('give quarters from 1')
  })
})

describe('what is assumed of the stack', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'stepwell-cost-'))
  afterAll(() => rmSync(outdir, { recursive: true }))

  it('is what the stack deploys by default', () => {
    // Prepare
    const stack = new Stack(new App({ outdir }))
    const vpc = new Vpc(stack, 'Vpc', {
      subnetConfiguration: [{ name: 'private', subnetType: SubnetType.PRIVATE_ISOLATED }],
    })
    new Parameters(stack, 'Parameters')
    new Warehouse(stack, 'Warehouse', { vpc, processed: new Bucket(stack, 'Processed') })
    new Database(stack, 'Database', { vpc, clients: new SecurityGroup(stack, 'Clients', { vpc }) })
    // Act
    const template = Template.fromStack(stack)
    // Assess: prices are of these types
    for (const name of ['ClusterPrimaryTypes', 'ClusterCoreTypes']) {
      expect(template.findParameters(name)[name]!.Default).toMatch(/^m7g\.xlarge\b/)
    }
    expect(template.findParameters('ClusterCoreUnits').ClusterCoreUnits!.Default).toBe(DEPLOYED.coreNodes)
    expect(template.findParameters('ClusterTaskUnits').ClusterTaskUnits!.Default).toBe(0)
    expect(template.findParameters('DatabaseInstanceClass').DatabaseInstanceClass!.Default).toBe('db.t4g.micro')
    expect(template.findParameters('DatabaseStorage').DatabaseStorage!.Default).toBe(DEPLOYED.databaseGb)
    expect(template.findParameters('ClusterDisk').ClusterDisk!.Default).toBe(0)
    template.hasResourceProperties('AWS::RedshiftServerless::Workgroup', { BaseCapacity: DEPLOYED.rpus })
    template.hasResourceProperties('AWS::RDS::DBInstance', {
      DBInstanceClass: { Ref: 'DatabaseInstanceClass' },
      AllocatedStorage: { Ref: 'DatabaseStorage' },
      StorageType: 'gp3',
      MultiAZ: Match.absent(),
    })
  })
})

describe('prices', () => {
  it('name the page that each was held against and its date, or are told to be unchecked', () => {
    for (const [name, source] of Object.entries(SOURCES)) {
      if (!source) expect(UNCHECKED, name).toContain(name)
      else expect([source.page, source.dated], name).toEqual([expect.stringMatching(/^https:/), expect.any(String)])
    }
    expect(UNCHECKED).toEqual(['emrM7gXlargeHour', 'redshiftGbMonth'])
  })
})

describe('stepwell cost', () => {
  it('prints one object a line with --json: lines, then the total', async () => {
    const { code, objects } = await stepwell('cost', '--rows', '2_000_000', '--quarters', '3', '--json')
    expect(code).toBe(0)
    expect(objects.slice(0, -1).map(({ type }) => type)).toEqual(objects.slice(0, -1).map(() => 'cost'))
    const sum = objects.slice(0, -1).reduce((total, { amount }) => total + amount, 0)
    expect(objects.at(-1)).toMatchObject({
      type: 'total',
      rows: 2_000_000,
      loans: 38_462,
      quarters: 3,
      currency: 'USD',
    })
    expect(objects.at(-1).total).toBeCloseTo(sum, 9)
    expect(objects.at(-1).caveat).toContain('against none (emrM7gXlargeHour')
  })

  it('prints a table for people that says where prices come from', async () => {
    const { out } = await stepwell('cost')
    expect(out).toContain('1,300,000,000 performance rows of 25,000,000 loans in 76 quarters, in US dollars\n')
    expect(out).toMatch(
      new RegExp(`  Redshift Serverless +25\\.13 {2}RPU h +× ${PRICES.redshiftRpuHour} +9\\.05 {2}8 RPU`),
    )
    expect(out).toMatch(/\n {2}S3: reads +[\d,]+ {2}requests +× 0\.0000004 /)
    expect(out).toMatch(/List prices of us-east-1: of 18, 16 were held against public pages on \d{4}-\d\d-\d\d/)
  })

  it('refuses loans together with rows, and rows without a quarter', async () => {
    expect(await stepwell('cost', '--loans', '5', '--rows', '5')).toMatchObject({
      code: 1,
      err: expect.stringContaining('cannot be used with'),
    })
    expect(await stepwell('cost', '--rows', '5', '--quarters', '0')).toMatchObject({
      code: 1,
      err: expect.stringContaining('give quarters from 1'),
    })
  })
})
