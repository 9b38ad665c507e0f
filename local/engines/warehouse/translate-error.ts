/** DuckDB's errors in Redshift's words, with the place in the statement as it was written. */
import {
  WarehouseCancelledError,
  WarehouseDataError,
  WarehouseError,
  WarehouseObjectError,
  WarehouseSyntaxError,
  WarehouseTransactionError,
} from './errors.ts'
import { tokenize } from './tokens.ts'

type Translation = [
  pattern: RegExp,
  make: (match: RegExpExecArray, place: { position?: number }, options: ErrorOptions) => WarehouseError,
]

const object = (state: string, text: (match: RegExpExecArray) => string): Translation[1] => {
  return (match, place, options) => new WarehouseObjectError(state, text(match), place, options)
}
const data = (state: string, text: (match: RegExpExecArray) => string): Translation[1] => {
  return (match, _, options) => new WarehouseDataError(state, text(match), {}, options)
}

const TRANSLATIONS: readonly Translation[] = [
  [/^Parser Error: syntax error at end of input/, (_, __, options) => new WarehouseSyntaxError('', undefined, options)],
  [
    /^Parser Error: syntax error at or near "([^"]*)"/,
    (match, place, options) => new WarehouseSyntaxError(match[1] as string, place.position, options),
  ],
  [
    /^Catalog Error: (?:Table|View) with name "?([^"\s]+?)"? already exists/,
    object('42P07', (match) => `Relation "${match[1]}" already exists`),
  ],
  [
    /^Catalog Error: Table with name ([^\s!]+) does not exist/,
    object('42P01', (match) => `relation "${match[1]}" does not exist`),
  ],
  [
    /^Catalog Error: Schema with name "?([^"\s!]+)"? does not exist/,
    object('3F000', (match) => `schema "${match[1]}" does not exist`),
  ],
  [
    /^Catalog Error: Schema with name "?([^"\s]+?)"? already exists/,
    object('42P06', (match) => `Schema "${match[1]}" already exists`),
  ],
  [
    /^Catalog Error: .*Function with name "?([^"\s!]+)"? does not exist/,
    object('42883', (match) => `function ${match[1]} does not exist`),
  ],
  [/^Binder Error: Referenced column "([^"]+)"/, object('42703', (match) => `column "${match[1]}" does not exist`)],
  [
    /^Binder Error: Table "([^"]+)" does not have a column (?:named|with name) "([^"]+)"/,
    object('42703', (match) => `column "${match[2]}" of relation "${match[1]}" does not exist`),
  ],
  [
    /^Binder Error: column "([^"]+)" must appear in the GROUP BY/,
    object(
      '42803',
      (match) => `column "${match[1]}" must appear in the GROUP BY clause or be used in an aggregate function`,
    ),
  ],
  [
    /^Binder Error: Ambiguous reference to column name "([^"]+)"/,
    object('42702', (match) => `column reference "${match[1]}" is ambiguous`),
  ],
  [
    /^Binder Error: No function matches the given name and argument types '([^']+)'/,
    object('42883', (match) => `function ${match[1]} does not exist`),
  ],
  [
    /^Constraint Error: NOT NULL constraint failed: \S*?\.?([^.\s]+)$/m,
    data('23502', (match) => `Cannot insert a NULL value into column ${match[1]}`),
  ],
  [
    /^Constraint Error: CHECK constraint failed .*strlen\("?[^)]*\) <= (\d+)\) AND/,
    data('22001', (match) => `value too long for type character(${match[1]}), or a multibyte character in it`),
  ],
  [
    /^Constraint Error: CHECK constraint failed .*<= (\d+)/,
    data('22001', (match) => `value too long for type character varying(${match[1]})`),
  ],
  [
    /^Conversion Error: Could not convert string '([^']*)' to (\w+)/,
    data('22P02', (match) => `invalid input syntax for type ${typeName(match[2] as string)}: "${match[1]}"`),
  ],
  [/^Invalid Input Error: division by zero/, data('22012', () => 'division by zero')],
  [/^Invalid Input Error: (invalid input syntax for type .*)/, data('22P02', (match) => match[1] as string)],
  [/^(?:Conversion|Out of Range) Error: (.*)/, data('22003', (match) => match[1] as string)],
  [
    /^TransactionContext Error: (?:Failed to commit: )?.*[Cc]onflict.*/,
    (_, __, options) =>
      new WarehouseTransactionError('40001', '1023 Serializable isolation violation on table', {}, options),
  ],
  [/^INTERRUPT Error/, () => new WarehouseCancelledError()],
]

function typeName(duck: string): string {
  const names: Record<string, string> = {
    INT16: 'smallint',
    INT32: 'integer',
    INT64: 'bigint',
    FLOAT: 'real',
    DOUBLE: 'double precision',
  }
  return names[duck] ?? duck.toLowerCase()
}

/**
 * @param sql the statement as it was written
 * @returns a {@link WarehouseError}; errors that are none of DuckDB's come back as they are
 */
export function translateError(error: unknown, sql: string): unknown {
  if (error instanceof WarehouseError || !(error instanceof Error)) return error
  const message = error.message.replace(/^Failed to extract statements: /, '')
  if (error.name !== 'Error' || !/^[A-Z][\w ]+ Error: |^INTERRUPT/.test(message)) return error
  for (const [pattern, make] of TRANSLATIONS) {
    const match = pattern.exec(message)
    if (!match) continue
    const position = findPosition(message, match[1], sql)
    return make(match, position === undefined ? {} : { position }, { cause: error })
  }
  const [first = ''] = message.split('\n')
  return new WarehouseError('XX000', first.replace(/^[A-Z][\w ]+ Error: /, ''), {}, { cause: error })
}

/** The rewritten text keeps the lines, so the word that DuckDB names is looked for in its line, then anywhere. */
function findPosition(message: string, near: string | undefined, sql: string): number | undefined {
  if (near === undefined) return undefined
  const line = Number(/\nLINE (\d+):/.exec(message)?.[1] ?? Number.NaN)
  const wanted = (near.split(/[.(]/).at(near.includes('(') ? 0 : -1) as string).toLowerCase()
  const found = tokenize(sql).filter((token) => token.value.toLowerCase() === wanted || token.text === near)
  const sameLine = found.find((token) => sql.slice(0, token.start).split('\n').length === line)
  const token = sameLine ?? found[0]
  return token && token.start + 1
}
