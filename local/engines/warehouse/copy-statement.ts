/** The COPY command's own grammar: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html */
import { WarehouseObjectError, WarehouseUnsupportedError } from './errors.ts'
import { isGroup, isSymbol, isWord, type Node, Reader, splitCommas, startOf } from './tree.ts'

export interface CopyStatement {
  table: { schema?: string; name: string }
  /** The column list, if there is one. */
  columns?: string[]
  /** `s3://bucket/key prefix`, or the manifest's address. */
  from: string
  manifest: boolean
  /** `default` or a role's ARN. */
  role: string
  format: 'parquet' | 'text' | 'csv'
  compression?: 'gzip' | 'zstd'
  delimiter: string
  /** CSV's quotation mark. */
  quote: string
  nullAs: string
  emptyAsNull: boolean
  blanksAsNull: boolean
  trimBlanks: boolean
  truncateColumns: boolean
  fillRecord: boolean
  ignoreBlankLines: boolean
  ignoreHeader: number
  escape: boolean
  removeQuotes: boolean
  roundDecimals: boolean
  dateFormat?: string
  timeFormat?: string
  /** The character that replaces bytes that are no UTF-8; without it they are errors. */
  acceptInvalidCharacters?: string
  maxErrors: number
  /** Checks the files without loading them. */
  noLoad: boolean
}

const MAX_ERRORS = 100_000

/** @throws WarehouseSyntaxError, WarehouseUnsupportedError naming the option */
export function readCopy(nodes: readonly Node[]): CopyStatement {
  const reader = new Reader(nodes)
  reader.expect('copy')
  const table = reader.qualifiedName()
  const copy: CopyStatement = {
    table,
    from: '',
    manifest: false,
    role: '',
    format: 'text',
    delimiter: '',
    quote: '"',
    nullAs: '\\N',
    emptyAsNull: false,
    blanksAsNull: false,
    trimBlanks: false,
    truncateColumns: false,
    fillRecord: false,
    ignoreBlankLines: false,
    ignoreHeader: 0,
    escape: false,
    removeQuotes: false,
    roundDecimals: false,
    maxErrors: 0,
    noLoad: false,
  }
  if (isGroup(reader.peek())) copy.columns = splitCommas(reader.group().items).map((part) => new Reader(part).name())
  reader.expect('from')
  copy.from = reader.string()
  if (!copy.from.startsWith('s3://')) throw new WarehouseUnsupportedError(`COPY from '${copy.from}' (only s3://)`)
  while (!reader.done) readOption(reader, copy)
  if (copy.role === '') throw missingCredentials()
  if (copy.delimiter === '') copy.delimiter = copy.format === 'csv' ? ',' : '|'
  if (copy.format === 'parquet') refuseForParquet(nodes)
  return copy
}

export function missingCredentials(): WarehouseObjectError {
  return new WarehouseObjectError(
    '28000',
    'Must specify a valid IAM_ROLE: IAM_ROLE default, or IAM_ROLE with the ARN of a role',
  )
}

type Option = (reader: Reader, copy: CopyStatement) => void

const OPTIONS: Record<string, Option> = {
  iam_role: (reader, copy) => {
    copy.role = readRole(reader)
  },
  format: (reader, copy) => {
    reader.take('as')
    if (reader.take('parquet')) copy.format = 'parquet'
    else if (reader.take('csv')) copy.format = 'csv'
    else unsupported(reader, 'COPY ... FORMAT')
  },
  parquet: (_, copy) => {
    copy.format = 'parquet'
  },
  csv: (reader, copy) => {
    copy.format = 'csv'
    if (reader.take('quote')) copy.quote = text(reader)
  },
  delimiter: (reader, copy) => {
    copy.delimiter = character(text(reader))
  },
  quote: (reader, copy) => {
    copy.quote = text(reader)
  },
  null: (reader, copy) => {
    copy.nullAs = text(reader)
  },
  emptyasnull: (_, copy) => {
    copy.emptyAsNull = true
  },
  blanksasnull: (_, copy) => {
    copy.blanksAsNull = true
  },
  trimblanks: (_, copy) => {
    copy.trimBlanks = true
  },
  truncatecolumns: (_, copy) => {
    copy.truncateColumns = true
  },
  fillrecord: (_, copy) => {
    copy.fillRecord = true
  },
  ignoreblanklines: (_, copy) => {
    copy.ignoreBlankLines = true
  },
  ignoreheader: (reader, copy) => {
    reader.take('as')
    copy.ignoreHeader = reader.integer()
  },
  escape: (_, copy) => {
    copy.escape = true
  },
  removequotes: (_, copy) => {
    copy.removeQuotes = true
  },
  roundec: (_, copy) => {
    copy.roundDecimals = true
  },
  dateformat: (reader, copy) => {
    copy.dateFormat = text(reader)
  },
  timeformat: (reader, copy) => {
    copy.timeFormat = text(reader)
  },
  acceptinvchars: (reader, copy) => {
    const named = isWord(reader.peek(), 'as') || reader.peek()?.kind === 'string'
    copy.acceptInvalidCharacters = named ? text(reader) : '?'
  },
  maxerror: (reader, copy) => {
    reader.take('as')
    const node = reader.peek()
    copy.maxErrors = reader.integer()
    if (copy.maxErrors > MAX_ERRORS) {
      throw new WarehouseObjectError('22023', `MAXERROR must be between 0 and ${MAX_ERRORS}, not ${copy.maxErrors}`, {
        position: startOf(node as Node) + 1,
      })
    }
  },
  manifest: (_, copy) => {
    copy.manifest = true
  },
  gzip: (_, copy) => {
    copy.compression = 'gzip'
  },
  zstd: (_, copy) => {
    copy.compression = 'zstd'
  },
  noload: (_, copy) => {
    copy.noLoad = true
  },
  // The region, statistics and compression analysis change nothing here.
  region: (reader) => {
    text(reader)
  },
  statupdate: onOff,
  compupdate: onOff,
  encoding: (reader) => {
    reader.take('as')
    if (!reader.take('utf8')) unsupported(reader, 'COPY ... ENCODING')
  },
}

function readOption(reader: Reader, copy: CopyStatement): void {
  const node = reader.peek()
  const option = isWord(node) ? OPTIONS[node.value] : undefined
  if (option) {
    reader.next()
    option(reader, copy)
  } else if (isWord(node)) unsupported(reader, 'The COPY option')
  else reader.fail()
}

/** `IAM_ROLE default` or `IAM_ROLE 'arn:...'`. A chain of roles (`'arn1,arn2'`) is not known here. */
export function readRole(reader: Reader): string {
  if (reader.take('default')) return 'default'
  const role = reader.string()
  if (role.includes(',')) throw new WarehouseUnsupportedError('A chain of roles in IAM_ROLE')
  return role
}

function onOff(reader: Reader): void {
  if (isWord(reader.peek(), 'on', 'off', 'true', 'false', 'preset')) reader.next()
}

function text(reader: Reader): string {
  reader.take('as')
  return reader.string()
}

/** A delimiter is one character, or an octal code such as `\001`, whose backslash the string's own rules have taken. */
function character(value: string): string {
  return /^0\d\d$/.test(value) ? String.fromCharCode(Number.parseInt(value, 8)) : value
}

function unsupported(reader: Reader, what: string): never {
  const node = reader.peek()
  const word = node && !isGroup(node) && !isSymbol(node) ? node.text.toUpperCase() : ''
  throw new WarehouseUnsupportedError(`${what} ${word}`, node ? { position: startOf(node) + 1 } : {})
}

/** https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html lists what columnar formats take. */
function refuseForParquet(nodes: readonly Node[]): void {
  const refused = [
    'maxerror',
    'delimiter',
    'dateformat',
    'timeformat',
    'emptyasnull',
    'blanksasnull',
    'ignoreheader',
    'gzip',
    'zstd',
    'escape',
    'null',
    'noload',
    'trimblanks',
    'truncatecolumns',
  ]
  for (const node of nodes) {
    if (isWord(node, ...refused)) {
      throw new WarehouseObjectError(
        '0A000',
        `${node.text.toUpperCase()} argument is not supported for PARQUET based COPY`,
        {
          position: node.start + 1,
        },
      )
    }
  }
}
